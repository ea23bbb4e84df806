import { AutomationError, HostError, type Problem } from '../errors.js';
import type { Json, JsonObject } from '../json.js';
import type { Scope } from '../scope.js';
import { isForbiddenKey } from '../storable-json.js';
import { type CompiledTemplate, type CompileOptions, compileProgram } from './compiler.js';
import { templateText } from './helpers.js';
import { escapeHtml, type Statement, type TemplatePiece, TemplateRun } from './run.js';

export type { TemplatePiece } from './run.js';

/** How a template is made ready. */
export interface TemplateOptions {
  /** `html` escapes what expressions insert, and refuses raw output. Default: none. */
  escape?: 'none' | 'html';
  /** Variables that the data has beside those of a {@link Scope}: `output`, where what a step has left is looked at. */
  locals?: readonly string[];
}

/**
 * Makes a value of a text with expressions, for places where what an expression inserts could change what the author's own
 * text means: addresses, URLs.
 */
export interface TextFormat {
  /** The value of a text that is exactly one expression, of what the expression gives. */
  single(value: Json): Json;
  /** The value of any other text, of its parts in order. */
  mixed(pieces: readonly TemplatePiece[]): Json;
  /** What is wrong with a text that is more than one expression, by its {@link Template.outline}; null when nothing is. */
  problem(outline: Template['outline']): string | null;
}

/** How the texts of a value are rendered: with a format, expressions are not escaped, as it takes care of them. */
export interface RenderOptions extends TemplateOptions {
  format?: TextFormat;
}

/** A template that is ready to be rendered any number of times. */
export interface Template {
  /**
   * The text that the template makes of the data.
   *
   * @throws AutomationError `template_path_missing` with the path in `details`, `template_value_invalid`,
   * `template_output_too_large`, `template_too_much_work`
   */
  render(scope: Scope | JsonObject): string;
  /**
   * Like render, but when the source is exactly one expression (`{{record.amount}}`), its value keeps its JSON type.
   * With `escape: 'html'` texts, lists and objects become escaped text nevertheless.
   */
  value(scope: Scope | JsonObject): Json;
  /** What {@link render} gives, in its parts: who renders may treat what expressions insert by where it stands. */
  pieces(scope: Scope | JsonObject): TemplatePiece[];
  /** True when the source is exactly one expression. */
  readonly isSingle: boolean;
  /** What the author wrote, in the order of the source and whatever blocks stand around; null for each expression. */
  readonly outline: readonly (string | null)[];
  /** Every data path it reads, the variable first (`record.account.industry`), each once. Members of the items of an `each` are not among them. */
  readonly paths: string[];
}

/** Templates with a layout and partials, from files that only the host's developers can change. */
export interface TemplateEngine {
  /**
   * Makes `{{> name}}` and `{{#> name}}…{{/name}}` known; the latter's content is `{{> @partial-block}}` in the partial.
   * A partial sees the data, and above it the members of the value and the parameters it is given.
   *
   * @throws AutomationError `template_invalid`, `template_too_large`
   */
  registerPartial(name: string, source: string): void;
  /**
   * Like {@link compileTemplate}, with partials and raw output allowed. HTML is escaped unless told otherwise. A path
   * whose first name is a member of the data is that, before it is a field of the record.
   *
   * @throws AutomationError `template_invalid`, `template_too_large`
   */
  compile(source: string, options?: TemplateOptions): Template;
}

/** True when a text has an expression in it: all other texts stand for themselves. */
export function hasExpression(text: string): boolean {
  return text.includes('{{');
}

/**
 * Makes a template of what an admin wrote. It is Handlebars with known helpers only (`date`, `number`, `money`,
 * `default`, `upper`, `lower`, `url`, `eq`, `ne`, `gt`, `lt`, `and`, `or`, `not`) and the blocks `if`, `unless`, `each` and
 * `with`. Paths are read from a {@link Scope} as conditions read them: `email` is `record.email`. A path that does not
 * exist is an error, except as a value of `default`, `and`, `or`, `not`, `if` and `unless`. Nothing is kept between
 * calls: whoever renders often keeps the template.
 *
 * @throws AutomationError `template_invalid` with line and column, `template_too_large`
 */
export function compileTemplate(source: string, options: TemplateOptions = {}): Template {
  const settings: CompileOptions = { escape: options.escape ?? 'none', trusted: false, locals: options.locals ?? [] };
  return toTemplate(compileProgram(source, settings), settings, NO_PARTIALS);
}

/**
 * Renders every text inside a value, with {@link Template.value}. Keys of objects stay as they are; those that reach a prototype are
 * left out.
 *
 * @throws AutomationError as compiling and rendering do; `problems` says which text it was
 */
export function renderJson(value: Json, scope: Scope | JsonObject, options: RenderOptions = {}): Json {
  return mapTexts(value, '', 0, (text, path) => {
    if (!hasExpression(text)) return text;
    try {
      const { format } = options;
      if (format === undefined) return remembered(text, options).value(scope);
      const template = remembered(text, { locals: options.locals });
      return template.isSingle ? format.single(template.value(scope)) : format.mixed(template.pieces(scope));
    } catch (error) {
      throw located(error, path);
    }
  });
}

/** What is wrong with the templates inside a value, without rendering them; paths start with `path`. */
export function templateProblems(value: Json, path: string, options: RenderOptions = {}): Problem[] {
  const problems: Problem[] = [];
  mapTexts(value, path, 0, (text, where) => {
    if (!hasExpression(text)) return text;
    try {
      const { format } = options;
      const template = remembered(text, format ? { locals: options.locals } : options);
      const message = format === undefined || template.isSingle ? null : format.problem(template.outline);
      if (message !== null) problems.push({ path: where, message });
    } catch (error) {
      problems.push({ path: where, message: (error as Error).message });
    }
    return text;
  });
  return problems;
}

/** An engine for template files, with partials of its own. See {@link TemplateEngine}. */
export function createTemplateEngine(): TemplateEngine {
  const partials = new Map<string, Statement>();
  return {
    registerPartial(name, source) {
      partials.set(name, compileProgram(source, { escape: 'html', trusted: true, locals: [] }).body);
    },
    compile(source, options = {}) {
      const settings: CompileOptions = { escape: options.escape ?? 'html', trusted: true, locals: options.locals ?? [] };
      return toTemplate(compileProgram(source, settings), settings, partials);
    },
  };
}

const NO_PARTIALS: ReadonlyMap<string, Statement> = new Map();

function toTemplate(compiled: CompiledTemplate, settings: CompileOptions, partials: ReadonlyMap<string, Statement>): Template {
  const start = (scope: Scope | JsonObject) => new TemplateRun(scope as JsonObject, { ...settings, partials });
  const rendered = (scope: Scope | JsonObject) => {
    const run = start(scope);
    compiled.body(run);
    return run;
  };
  const { single } = compiled;
  return {
    paths: compiled.paths,
    outline: compiled.outline,
    isSingle: single !== null,
    render: (scope) => rendered(scope).output,
    pieces: (scope) => rendered(scope).pieces,
    value(scope) {
      if (single === null) return rendered(scope).output;
      const run = start(scope);
      const value = single(run);
      const isText = typeof value === 'string' || (settings.escape === 'html' && typeof value === 'object' && value !== null);
      if (!isText) return value;
      run.write(settings.escape === 'html' ? escapeHtml(templateText(value)) : templateText(value));
      return run.output;
    },
  };
}

const DEEPEST_VALUE = 64;

/** A copy of a value with every text replaced. The path is that of the text: `headers.x`, `items[0]`. */
function mapTexts(value: Json, path: string, depth: number, replace: (text: string, path: string) => Json): Json {
  if (typeof value === 'string') return replace(value, path);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === DEEPEST_VALUE)
    throw new AutomationError('template_too_large', `The value at "${path}" is nested more than ${DEEPEST_VALUE} deep.`);
  if (Array.isArray(value)) return value.map((item, index) => mapTexts(item, `${path}[${index}]`, depth + 1, replace));
  const result: JsonObject = {};
  for (const [key, member] of Object.entries(value)) {
    if (member !== undefined && !isForbiddenKey(key))
      result[key] = mapTexts(member, path === '' ? key : `${path}.${key}`, depth + 1, replace);
  }
  return result;
}

/** The same error, with the place of the text in it. */
function located(error: unknown, path: string): unknown {
  if (!(error instanceof AutomationError)) return error;
  const { code, message, hint, details, retry } = error;
  return new HostError(code, message, { hint, details, retry, cause: error, problems: [{ path, message }] });
}

/** How many characters of source are remembered. */
const MOST_REMEMBERED = 1_000_000;
const memory = new Map<string, Template>();
let memorySize = 0;

/** A step's texts are the same from run to run, and compiling is what costs; so they are kept, and the oldest dropped first. */
function remembered(source: string, { escape: mode = 'none', locals = [] }: TemplateOptions): Template {
  const key = `${mode} ${locals.join(' ')} ${source}`;
  const known = memory.get(key);
  if (known !== undefined) return known;
  const template = compileTemplate(source, { escape: mode, locals });
  memory.set(key, template);
  memorySize += key.length;
  for (const oldest of memory.keys()) {
    if (memorySize <= MOST_REMEMBERED) break;
    memory.delete(oldest);
    memorySize -= oldest.length;
  }
  return template;
}
