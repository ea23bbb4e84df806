import type { Problem } from '../core/errors.js';
import type { Json } from '../core/json.js';
import type { Scope } from '../core/scope.js';
import { type RenderOptions, renderJson, templateProblems } from '../core/template/template.js';
import type { ArgumentFormat } from './action.js';
import { addressFormat } from './email/address-format.js';
import { urlFormat } from './outbound/url-format.js';

/** An argument with every `{{…}}` in it rendered as its format says. Errors name the argument. */
export function renderArgument(format: ArgumentFormat | undefined, name: string, value: Json, scope: Scope): Json {
  if (format === 'condition') return value;
  if (format === 'address') return renderAddresses(name, value, scope);
  return renderAt(name, value, scope, optionsOf(format, name));
}

/** What is wrong with the templates in an argument, without rendering them. */
export function argumentProblems(format: ArgumentFormat | undefined, name: string, value: Json): Problem[] {
  return templateProblems(value, name, optionsOf(format, name));
}

function optionsOf(format: ArgumentFormat | undefined, name: string): RenderOptions {
  switch (format) {
    case 'html':
      return { escape: 'html' };
    case 'url':
      return { format: urlFormat(name) };
    case 'address':
      return { format: addressFormat(name) };
    case 'condition':
    case undefined:
      return {};
  }
}

/** Texts in a list are addresses too, and lists that they give become part of it; objects say for themselves what is name and address. */
function renderAddresses(name: string, value: Json, scope: Scope): Json {
  if (Array.isArray(value)) {
    return value.flatMap((entry: Json, index): Json[] => {
      // a list in a list is no address: the class refuses it
      if (Array.isArray(entry)) return [entry];
      const rendered = renderAddresses(`${name}[${index}]`, entry, scope);
      return Array.isArray(rendered) ? rendered : [rendered];
    });
  }
  const format = typeof value === 'string' ? { format: addressFormat(name) } : {};
  return renderAt(name, value, scope, format);
}

/** Rendered as a member of an object, so that the problems of an error name the argument. */
function renderAt(name: string, value: Json, scope: Scope, options: RenderOptions): Json {
  return (renderJson({ [name]: value }, scope, options) as Record<string, Json>)[name] ?? null;
}
