import { HttpException } from '@nestjs/common';
import type { Problem } from '../../index.js';

/** An answer in the same form as the automation API's errors. */
export function crmError(statusCode: number, code: string, message: string, problems?: Problem[]): HttpException {
  return new HttpException({ statusCode, code, message, ...(problems === undefined ? {} : { problems }) }, statusCode);
}

/** 400, with what is wrong and where. */
export function invalidInput(problems: Problem[]): HttpException {
  return crmError(400, 'invalid_input', 'The request is not valid.', problems);
}
