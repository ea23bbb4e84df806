import { AutomationError } from '../errors.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { handlebars } from '../libraries.js';
import { isScopeRoot, readMember, readPath } from '../scope.js';

/** What the block around a piece of template stands on: the value of `this`, and in `each` its place in the list. */
export interface Frame {
  value: Json;
  /** The index in a list, the name of the member of an object. */
  key: string | number;
  first: boolean;
  last: boolean;
}

/** A part of what a template renders. */
export interface TemplatePiece {
  text: string;
  /** Written by the template's author, inserted by an expression, or inserted as the helper `url` encoded it. */
  from: 'author' | 'expression' | 'url_helper';
}

/** A compiled piece of template that writes to the output. */
export type Statement = (run: TemplateRun) => void;

/** How a template is rendered. */
export interface RunOptions {
  escape: 'none' | 'html';
  /** Trusted templates see members of the data before fields of the record, and may use partials. */
  trusted: boolean;
  /** Members of the data that are variables beside those of the scope. */
  locals: readonly string[];
  partials: ReadonlyMap<string, Statement>;
}

/** The limits of one rendering. Each is far above what a message needs and far below what could hold up a worker. */
const RENDER_LIMITS = {
  /** Bytes of UTF-8 in the output. */
  output: 256 * 1024,
  /** Rounds of all `each` blocks together. */
  iterations: 10_000,
  /** Expressions, helper calls and blocks evaluated, weighted by their cost. */
  work: 100_000,
  /** Partials inside partials. */
  partials: 16,
} as const;

/** One rendering of one template: the data, the output so far, and what is left of the limits. */
export class TemplateRun {
  /** The blocks around the current place, outermost first. */
  frames: Frame[] = [];
  data: JsonObject;
  readonly options: RunOptions;
  private callersBlock: (() => void) | null = null;
  private partialDepth = 0;
  private chunks: string[] = [];
  /** Where each of the chunks is from. */
  private origins: TemplatePiece['from'][] = [];
  private bytes = 0;
  private work = 0;
  private iterations = 0;

  constructor(data: JsonObject, options: RunOptions) {
    this.data = data;
    this.options = options;
  }

  get output(): string {
    return this.chunks.join('');
  }

  /** The output in its parts. */
  get pieces(): TemplatePiece[] {
    return this.chunks.map((text, index) => ({ text, from: this.origins[index] as TemplatePiece['from'] }));
  }

  /** The zone in which dates are shown. */
  get timezone(): string {
    const timezone = Object.hasOwn(this.data, 'timezone') ? this.data.timezone : undefined;
    return typeof timezone === 'string' ? timezone : 'UTC';
  }

  /** @throws AutomationError `template_output_too_large` */
  write(text: string, from: TemplatePiece['from'] = 'author'): void {
    this.bytes += Buffer.byteLength(text);
    if (this.bytes > RENDER_LIMITS.output) {
      throw new AutomationError('template_output_too_large', `The template renders more than ${RENDER_LIMITS.output / 1024} KB.`, {
        hint: 'Shorten the template, or what it inserts.',
      });
    }
    this.chunks.push(text);
    this.origins.push(from);
  }

  /** The text as it may be written where it is not raw. */
  escaped(text: string): string {
    return this.options.escape === 'html' ? escapeHtml(text) : text;
  }

  /** Counts work. @throws AutomationError `template_too_much_work` */
  spend(cost: number): void {
    this.work += cost;
    if (this.work > RENDER_LIMITS.work) throw tooMuchWork(`takes more than ${RENDER_LIMITS.work} steps to render`);
  }

  /** Counts one round of an `each`. @throws AutomationError `template_too_much_work` */
  countIteration(): void {
    this.iterations += 1;
    if (this.iterations > RENDER_LIMITS.iterations) throw tooMuchWork(`goes through more than ${RENDER_LIMITS.iterations} items`);
  }

  /** Runs a piece of template inside a block. */
  within(frame: Frame, body: Statement): void {
    this.frames.push(frame);
    body(this);
    this.frames.pop();
  }

  /** Reads a path that stands on no block. */
  readTop(segments: readonly [string, ...string[]]): Json | undefined {
    const [first, ...rest] = segments;
    if (isScopeRoot(first) || this.options.locals.includes(first) || (this.options.trusted && Object.hasOwn(this.data, first))) {
      return readPath(this.data, { root: first, segments: rest });
    }
    const record = Object.hasOwn(this.data, 'record') ? this.data.record : undefined;
    if (isJsonObject(record) && Object.hasOwn(record, first)) return readMember(record, segments);
    return readPath(this.data, { root: first, segments: rest });
  }

  /** Renders a registered partial: it sees the data, and above it the members of `context` and `parameters`. */
  partial(name: string, context: Json, parameters: JsonObject, block: Statement | null): void {
    const body = this.options.partials.get(name);
    if (body === undefined) throw new AutomationError('template_partial_unknown', `There is no partial "${name}".`);
    if (!isJsonObject(context)) {
      throw new AutomationError('template_value_invalid', `The partial "${name}" needs an object to stand on.`);
    }
    if (this.partialDepth === RENDER_LIMITS.partials) throw tooMuchWork(`nests more than ${RENDER_LIMITS.partials} partials`);
    const { data, frames } = this;
    const outerBlock = this.callersBlock;
    this.partialDepth += 1;
    this.callersBlock = block === null ? null : () => this.inside(data, frames, outerBlock, block);
    this.data = { ...data, ...context, ...parameters };
    this.frames = [];
    body(this);
    this.partialDepth -= 1;
    this.callersBlock = outerBlock;
    this.data = data;
    this.frames = frames;
  }

  /** Renders what the caller of the current partial put between its opening and closing tag. */
  partialBlock(): void {
    if (this.callersBlock === null) throw new AutomationError('template_partial_unknown', 'This partial was used without a block.');
    this.callersBlock();
  }

  /** The block of a partial sees what its author sees around it, not what the partial was given. */
  private inside(data: JsonObject, frames: Frame[], outerBlock: (() => void) | null, block: Statement): void {
    const here = { data: this.data, frames: this.frames, block: this.callersBlock };
    this.data = data;
    this.frames = frames;
    this.callersBlock = outerBlock;
    block(this);
    this.data = here.data;
    this.frames = here.frames;
    this.callersBlock = here.block;
  }
}

/** Escapes a text for HTML, for use in an element or in a quoted attribute. */
export function escapeHtml(text: string): string {
  return handlebars().escapeExpression(text);
}

function tooMuchWork(what: string): AutomationError {
  return new AutomationError('template_too_much_work', `The template ${what}.`, {
    hint: 'Use shorter lists, or fewer blocks inside each other.',
  });
}
