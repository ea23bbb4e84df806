import type { JsonObject } from '../../index.js';

/** A workflow to start from, as in the files of templates/recipes. */
export interface Recipe {
  /** The workflow's code: the file's name without `.json`. */
  code: string;
  name: string;
  description: string;
  definition: JsonObject;
}
