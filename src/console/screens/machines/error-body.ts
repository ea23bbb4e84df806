import { ApiError, type ErrorBody } from '../../api/client.js';

/** Returns what is to be told of an error. */
export function errorBodyOf(error: unknown): ErrorBody {
  return error instanceof ApiError ? error.body : { statusCode: 0, code: 'unknown', message: String(error) };
}
