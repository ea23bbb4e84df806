import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { AutomationError } from '../../core/errors.js';
import type { JsonObject } from '../../core/json.js';
import { createTemplateEngine, type Template } from '../../core/template/template.js';
import { shippedFolder } from '../shipped-folder.js';
import { readFrontMatter } from './front-matter.js';
import { htmlToText } from './html-to-text.js';

/** A template with its data put in. */
export interface RenderedEmail {
  /** From the template's front matter; undefined when it has none. */
  subject?: string;
  html: string;
  text: string;
}

/** A template as people choose one. */
export interface MailTemplate {
  name: string;
  /** As it is written, with its expressions; null when the step has to give one. */
  subject: string | null;
  /** What it reads: `record.name`, `data` of the step by its own names. */
  paths: string[];
}

/** One template file, compiled. */
interface EmailTemplate {
  subjectSource?: string;
  subject?: Template;
  preheader?: Template;
  html: Template;
  /** From `<name>.text.hbs`; without it the text is made of the HTML. */
  text?: Template;
}

/** Names may have folders but cannot leave the template folder. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*(\/[A-Za-z0-9][A-Za-z0-9_-]*)*$/;
const LAYOUTS = 'layouts/';
const PARTIALS = 'partials/';
const DEFAULT_LAYOUT = 'default';

/**
 * E-mail templates from folders of `.hbs` files; a file in an earlier folder stands in for one of the same name in a later
 * one, the shipped folder comes last. `<name>.hbs` is the HTML inside the layout, `<name>.text.hbs` the text if it is not
 * to be made of the HTML; `layouts/<name>.hbs` and `partials/<name>.hbs` are used as `{{> layouts/name}}` and
 * `{{> name}}`. A template may begin with front matter: `subject`, `preheader`, `layout` (`none` for no layout).
 */
export class EmailTemplates {
  private readonly folders: string[];
  private loaded: Promise<ReadonlyMap<string, EmailTemplate>> | null = null;
  private lastNames: readonly string[] | null = null;

  constructor(
    folders: readonly string[] = [],
    private readonly options: { reload?: boolean } = {},
  ) {
    this.folders = [...folders, shippedFolder('email')];
  }

  /** The names that were there when the files were read last; null before, and where they are read anew for every mail. */
  get known(): readonly string[] | null {
    return this.options.reload ? null : this.lastNames;
  }

  /** The names of all templates, sorted. Errors as {@link render} for files of the host that cannot be used. */
  async names(): Promise<string[]> {
    // Ours can be used; compiling them would keep a start waiting.
    const names =
      this.folders.length > 1 ? [...(await this.all()).keys()] : [...(await filesByName(this.folders)).keys()].filter(isTemplate);
    this.lastNames = names.sort();
    return [...this.lastNames];
  }

  /** Every template, by name. Errors as {@link render} for files that cannot be used. */
  async describe(): Promise<MailTemplate[]> {
    const templates = [...(await this.all())].map(([name, { subjectSource, subject, preheader, html, text }]): MailTemplate => {
      const paths = new Set([subject, preheader, html, text].flatMap((part) => part?.paths ?? []));
      return { name, subject: subjectSource ?? null, paths: [...paths].sort() };
    });
    return templates.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * Puts data into a template. Throws `mail_template_unknown` with the names there are, `mail_template_invalid` for a file
   * that cannot be compiled, and what rendering throws, such as `template_path_missing`.
   */
  async render(name: string, data: JsonObject): Promise<RenderedEmail> {
    const templates = await this.all();
    const template = templates.get(name);
    if (!template) {
      throw new AutomationError('mail_template_unknown', `There is no e-mail template '${name}'`, {
        hint: `Use one of: ${[...templates.keys()].sort().join(', ')}.`,
      });
    }
    const subject = template.subject?.render(data);
    const render = (preheader: string) => template.html.render({ ...data, subject: subject ?? data.subject ?? '', preheader });
    const preheader = template.preheader?.render(data) ?? '';
    const html = render(preheader);
    return {
      ...(subject === undefined ? {} : { subject }),
      html,
      // the preheader is for the list of messages; in a text it would be a stray first line
      text: template.text?.render(data) ?? htmlToText(preheader === '' ? html : render('')),
    };
  }

  private all(): Promise<ReadonlyMap<string, EmailTemplate>> {
    if (this.options.reload || this.loaded === null) {
      const loading = loadTemplates(this.folders);
      this.loaded = loading;
      // a file that is repaired must not need a restart
      loading.catch(() => {
        if (this.loaded === loading) {
          this.loaded = null;
        }
      });
    }
    return this.loaded;
  }
}

async function loadTemplates(folders: readonly string[]): Promise<Map<string, EmailTemplate>> {
  const files = new Map<string, { path: string; source: string }>();
  for (const [name, path] of await filesByName(folders)) files.set(name, { path, source: await readFile(path, 'utf8') });
  const engine = createTemplateEngine();
  for (const [name, { path, source }] of files) {
    if (name.startsWith(LAYOUTS) || name.startsWith(PARTIALS)) {
      compiled(path, () => engine.registerPartial(name.startsWith(PARTIALS) ? name.slice(PARTIALS.length) : name, source));
    }
  }
  const templates = new Map<string, EmailTemplate>();
  for (const [name, { path, source }] of files) {
    if (isTemplate(name)) {
      const { subject, preheader, layout, body } = compiled(path, () => readFrontMatter(source));
      const wanted = layout ?? DEFAULT_LAYOUT;
      const wrapped = wanted === 'none' ? body : wrap(body, wanted, files, path);
      const text = files.get(`${name}.text`);
      templates.set(name, {
        ...(subject === undefined
          ? {}
          : { subjectSource: subject, subject: compiled(path, () => engine.compile(subject, { escape: 'none' })) }),
        ...(preheader === undefined ? {} : { preheader: compiled(path, () => engine.compile(preheader, { escape: 'none' })) }),
        html: compiled(path, () => engine.compile(wrapped)),
        ...(text === undefined ? {} : { text: compiled(text.path, () => engine.compile(text.source, { escape: 'none' })) }),
      });
    }
  }
  return templates;
}

/** The paths of the files, of one name that of the earliest folder. */
async function filesByName(folders: readonly string[]): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const folder of [...folders].reverse()) {
    for (const path of await templateFiles(folder)) {
      const name = relative(folder, path)
        .replaceAll('\\', '/')
        .replace(/\.hbs$/, '');
      files.set(name, path);
    }
  }
  return files;
}

function isTemplate(name: string): boolean {
  return NAME.test(name) && !name.startsWith(LAYOUTS) && !name.startsWith(PARTIALS);
}

function wrap(body: string, layout: string, files: ReadonlyMap<string, unknown>, path: string): string {
  if (!NAME.test(layout) || !files.has(`${LAYOUTS}${layout}`)) {
    throw invalidFile(path, new Error(`there is no layout '${layout}'`));
  }
  return `{{#> ${LAYOUTS}${layout}}}${body}{{/${LAYOUTS}${layout}}}`;
}

async function templateFiles(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile() && entry.name.endsWith('.hbs')).map((entry) => join(entry.parentPath, entry.name));
  } catch (cause) {
    throw new AutomationError('mail_template_invalid', `The folder of e-mail templates ${folder} cannot be read`, {
      hint: 'Check templateDirs in the mail option of the host application.',
      cause,
    });
  }
}

function compiled<T>(path: string, compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    throw invalidFile(path, error as Error);
  }
}

function invalidFile(path: string, cause: Error): AutomationError {
  return new AutomationError('mail_template_invalid', `The e-mail template ${path} cannot be used: ${cause.message}`, {
    hint: 'Correct the file; the developer of the host application keeps it.',
    cause,
  });
}
