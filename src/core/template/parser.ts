import { AutomationError } from '../errors.js';
import { handlebars, once } from '../libraries.js';

/** The Handlebars syntax tree, as far as it is looked at here. */
export interface TemplateNode {
  type: string;
  loc: { start: { line: number; column: number } };
}
export interface ProgramNode extends TemplateNode {
  body: StatementNode[];
  blockParams?: string[];
}
export interface PathNode extends TemplateNode {
  type: 'PathExpression';
  /** True for `@index` and the like. */
  data: boolean;
  /** How many times `../` stands in front. */
  depth: number;
  parts: string[];
  original: string;
}
export interface LiteralNode extends TemplateNode {
  type: 'StringLiteral' | 'NumberLiteral' | 'BooleanLiteral' | 'NullLiteral' | 'UndefinedLiteral';
  value?: string | number | boolean;
  original?: unknown;
}
export interface CallNode extends TemplateNode {
  path: ExpressionNode;
  params: ExpressionNode[];
  hash?: { pairs: { key: string; value: ExpressionNode }[] };
}
export interface SubExpressionNode extends CallNode {
  type: 'SubExpression';
}
export type ExpressionNode = PathNode | LiteralNode | SubExpressionNode;
export interface MustacheNode extends CallNode {
  type: 'MustacheStatement';
  escaped: boolean;
}
export interface BlockNode extends CallNode {
  type: 'BlockStatement';
  program?: ProgramNode;
  inverse?: ProgramNode;
}
export interface PartialNode extends TemplateNode, Pick<CallNode, 'params' | 'hash'> {
  type: 'PartialStatement' | 'PartialBlockStatement';
  name: ExpressionNode;
  program?: ProgramNode;
}
export type StatementNode =
  | MustacheNode
  | BlockNode
  | PartialNode
  | (TemplateNode & { type: 'ContentStatement'; value: string })
  | (TemplateNode & { type: 'CommentStatement' })
  | (TemplateNode & { type: 'Decorator' | 'DecoratorBlock' });

/** The limits of a template's text. */
const SOURCE_LIMITS = {
  /** Bytes of UTF-8. */
  bytes: 64 * 1024,
  /** Tokens: names, dots, braces, and the texts between expressions. */
  tokens: 10_000,
  /** Blocks and expressions inside each other. An `else if` counts as inside the one before. */
  depth: 100,
} as const;

/**
 * Parses a template, within {@link SOURCE_LIMITS}. Only texts are taken: Handlebars itself would run a syntax tree that
 * somebody hands it in the place of a text.
 *
 * @throws AutomationError `template_invalid`, `template_too_large`
 */
export function parseTemplate(source: string): ProgramNode {
  if (typeof source !== 'string') throw new AutomationError('template_invalid', 'A template must be a text.');
  if (Buffer.byteLength(source) > SOURCE_LIMITS.bytes) throw tooLarge(`is longer than ${SOURCE_LIMITS.bytes / 1024} KB`);
  const { parser, lexer } = boundedParser();
  try {
    // Given a tree, parse does nothing but trim the white space around blocks.
    return handlebars().parse(parser.parse(source) as string) as unknown as ProgramNode;
  } catch (error) {
    throw error instanceof AutomationError ? error : syntaxError(error as ParseError, lexer);
  }
}

/** The error for a mistake in a template, with its place in the message. */
export function templateError(node: TemplateNode, message: string, hint?: string): AutomationError {
  const { line, column } = node.loc.start;
  return new AutomationError('template_invalid', `Line ${line}, column ${column + 1}: ${message}`, {
    hint,
    details: { line, column: column + 1 },
  });
}

/** What Handlebars' generated parser consists of, as far as it matters here. */
interface Parser {
  parse(source: string): unknown;
  lexer: Lexer;
  /** What the grammar's actions build nodes with. */
  yy: object;
  /** Names of tokens by number, and numbers by name. */
  terminals_: Record<number, string>;
  symbols_: Record<string, number>;
}
interface Lexer {
  /** The number of the next token; undefined for white space. */
  next(): number | undefined;
  match: string;
  yylloc: { first_line: number; first_column: number };
}
type ParseError = Error & { lineNumber?: number; column?: number };

const handlebarsParser = once(() => {
  // The parser gets its `yy` with the first text it is given.
  handlebars().parseWithoutProcessing('');
  return (handlebars() as unknown as { Parser: Parser }).Parser;
});

/**
 * A copy of Handlebars' parser that stops at the limits while it reads. Checking the tree afterwards would be too late:
 * the parser copies its stack with every step, and 10,000 parentheses keep it busy for most of a minute.
 */
function boundedParser(): { parser: Parser; lexer: Lexer } {
  const whole = handlebarsParser();
  const { terminals_: names, symbols_: numbers } = whole;
  const bounds = new NestingCounter();
  let previous: string | undefined;
  const lexer: Lexer = Object.assign(Object.create(whole.lexer) as Lexer, {
    next(this: Lexer) {
      const token = whole.lexer.next.call(this);
      if (token === undefined) return undefined;
      const name = names[token];
      bounds.count(name);
      // Handlebars reads `tags.0.name` but not `tags.0`: it takes the last number for a value. Conditions read both.
      const isItem = name === 'NUMBER' && previous === 'SEP' && /^\d+$/.test(this.match);
      previous = name;
      return isItem ? numbers.ID : token;
    },
  });
  const parser = Object.assign(Object.create(whole) as Parser, { lexer, yy: { ...whole.yy } });
  return { parser, lexer };
}

/** Counts tokens, and how deep they are. @throws AutomationError `template_too_large` */
class NestingCounter {
  private tokens = 0;
  private depth = 0;
  /** For each open block how many levels its end closes: one, and one for each `else if`. */
  private readonly blocks: number[] = [];

  count(token: string | undefined): void {
    this.tokens += 1;
    if (this.tokens > SOURCE_LIMITS.tokens) throw tooLarge(`has more than ${SOURCE_LIMITS.tokens} parts`);
    switch (token) {
      case 'OPEN_SEXPR':
        this.depth += 1;
        break;
      case 'CLOSE_SEXPR':
        this.depth -= 1;
        break;
      case 'OPEN_BLOCK':
      case 'OPEN_INVERSE':
      case 'OPEN_PARTIAL_BLOCK':
      case 'OPEN_RAW_BLOCK':
        this.depth += 1;
        this.blocks.push(1);
        break;
      case 'OPEN_INVERSE_CHAIN':
        this.depth += 1;
        this.blocks.push((this.blocks.pop() ?? 0) + 1);
        break;
      case 'OPEN_ENDBLOCK':
      case 'END_RAW_BLOCK':
        this.depth -= this.blocks.pop() ?? 0;
        break;
      default:
        return;
    }
    if (this.depth > SOURCE_LIMITS.depth) throw tooLarge(`is nested more than ${SOURCE_LIMITS.depth} deep`);
  }
}

/** The parser's own messages list symbols of its grammar, which say nothing to an admin. */
function syntaxError(error: ParseError, lexer: Lexer): AutomationError {
  const { first_line: line, first_column: column } = lexer.yylloc;
  const start = { line: error.lineNumber ?? line, column: error.column ?? column };
  let message: string;
  if (error.lineNumber !== undefined) message = `${error.message.replace(/ - \d+:\d+$/, '')}.`;
  else if (error.message.startsWith('Lexical')) message = 'the text from here on cannot be read.';
  else if (lexer.match === '') message = 'the template ends before a block or expression is closed.';
  else message = `unexpected ${JSON.stringify(lexer.match)}.`;
  return templateError({ type: 'Error', loc: { start } }, message, 'Braces that are meant as text are written as \\{{.');
}

function tooLarge(what: string): AutomationError {
  return new AutomationError('template_too_large', `The template ${what}.`, {
    hint: 'Split it, or move parts of it into an e-mail template file.',
  });
}
