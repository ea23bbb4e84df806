import { VersioningType } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';

/**
 * Returns the regular expression that our routes begin with, from the first character of the path: the host may have routes
 * of its own that hold or end like ours. `path`: what the module's option says; null is the default.
 */
export function mountPattern(config: ApplicationConfig, path: string | null): string {
  const { exclude = [] } = config.getGlobalPrefixOptions();
  const prefix = segments(config.getGlobalPrefix());
  const versioning = config.getVersioning();
  const version =
    versioning?.type === VersioningType.URI ? `(/${literally(versioning.prefix === false ? '' : (versioning.prefix ?? 'v'))}[^/]+)?` : '';
  return `^${exclude.length > 0 ? `(${prefix})?` : prefix}${version}${segments(path ?? 'automation')}`;
}

/** A path as a regular expression that finds it, with a slash before each segment; of a parameter any value. */
function segments(path: string): string {
  const names = path.split('/').filter((name) => name !== '');
  return names.map((name) => `/${name.startsWith(':') ? '[^/]+' : literally(name)}`).join('');
}

/** Returns a regular expression that finds this very text. */
export function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
