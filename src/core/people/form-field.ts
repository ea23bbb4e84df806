import type { FieldType } from '../catalog.js';
import type { Json } from '../json.js';

/** What a field of a form may hold. `user` holds the id of a user, `record` that of a record of the field's module. */
export const FORM_FIELD_TYPES = ['text', 'number', 'money', 'date', 'choice', 'boolean', 'user', 'record'] as const;
export type FormFieldType = (typeof FORM_FIELD_TYPES)[number];

/** The most characters that a text takes, where the field does not say. */
export const LONGEST_ANSWER = 10_000;

/** One field that a person fills in. */
export interface FormField {
  name: string;
  label?: string;
  description?: string;
  type: FormFieldType;
  required?: boolean;
  /** What stands there at first; may hold templates. */
  default?: Json;
  /** Of a choice. */
  options?: string[];
  /** The least and the greatest number, or the first and the last date. */
  min?: number | string;
  max?: number | string;
  /** Of a text, in characters. */
  maxLength?: number;
  /** Of a record. */
  module?: string;
}

/** The type that an answer has for steps that read it. */
export function answerType({ type }: Pick<FormField, 'type'>): FieldType {
  return type === 'choice' || type === 'user' || type === 'record' ? 'text' : type;
}
