import type { Json } from '../../core/json.js';

/** Why a text is no JSON, and where that begins to be so. */
export interface JsonMistake {
  line: number;
  column: number;
  message: string;
}

/** Reads JSON; an empty text is no value. Browsers differ in whether they tell where a mistake is, so it is looked for here. */
export function readJson(text: string): { value: Json | undefined } | { mistake: string } {
  if (text.trim() === '') return { value: undefined };
  try {
    return { value: JSON.parse(text) as Json };
  } catch {
    const { line, column, message } = jsonMistake(text) ?? { line: 1, column: 1, message: 'This is no JSON.' };
    return { mistake: `Line ${line}, column ${column}: ${message}` };
  }
}

/** Returns the first mistake of a text that should be JSON; null when there is none. */
export function jsonMistake(text: string): JsonMistake | null {
  try {
    new Scanner(text).document();
    return null;
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    const before = text.slice(0, error.at).split('\n');
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1, message: error.message };
  }
}

class Mistake extends Error {
  constructor(
    readonly at: number,
    message: string,
  ) {
    super(message);
  }
}

const SPACE = /[ \t\n\r]*/y;
const LITERAL = /true|false|null/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** What a text holds up to its end, or up to what it must not hold. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in texts.
const CHARACTERS = /(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*/y;

/** Goes through a text as JSON is written, and stops where it is not. */
class Scanner {
  private at = 0;

  constructor(private readonly text: string) {}

  document(): void {
    this.value('A value');
    if (this.at < this.text.length) this.fail('There is more behind the end.');
  }

  private value(what: string): void {
    this.take(SPACE);
    const start = this.text[this.at];
    if (start === '{') this.members('}', () => this.member());
    else if (start === '[') this.members(']', () => this.value('A value'));
    else if (start === '"') this.string();
    else if (!this.take(LITERAL) && !this.take(NUMBER)) this.fail(`${what} is expected here${this.found()}.`);
    this.take(SPACE);
  }

  private members(end: '}' | ']', one: () => void): void {
    this.at += 1;
    this.take(SPACE);
    if (this.skip(end)) return;
    for (;;) {
      one();
      if (this.skip(end)) return;
      if (!this.skip(',')) this.fail(`A comma or ${end} is missing${this.found()}.`);
    }
  }

  private member(): void {
    this.take(SPACE);
    if (this.text[this.at] !== '"') this.fail(`A name in double quotes is expected here${this.found()}.`);
    this.string();
    this.take(SPACE);
    if (!this.skip(':')) this.fail(`A colon is missing behind the name${this.found()}.`);
    this.value('A value');
  }

  private string(): void {
    this.at += 1;
    this.take(CHARACTERS);
    if (this.skip('"')) return;
    const here = this.text[this.at];
    if (here === '\\') this.fail('Behind a backslash stands one of " \\ / b f n r t, or u and four digits.');
    this.fail(
      here === undefined || here === '\n'
        ? 'The double quote at the end of the text is missing.'
        : 'This must be written with a backslash.',
    );
  }

  private take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const [found = ''] = pattern.exec(this.text) ?? [];
    this.at += found.length;
    return found !== '';
  }

  private skip(mark: string): boolean {
    if (this.text[this.at] !== mark) return false;
    this.at += 1;
    return true;
  }

  private found(): string {
    const here = this.text[this.at];
    return here === undefined ? '; the text ends' : `, not ${here}`;
  }

  private fail(message: string): never {
    throw new Mistake(this.at, message);
  }
}
