import { IsObject } from 'class-validator';
import type { PreviewSubject } from '../../admin/preview-subjects.js';
import type { JsonObject } from '../../core/json.js';
import { invalidRequest } from '../../core/json-shape.js';
import { AsSent, IfGiven, OptionalText, OwnId } from '../fields.js';
import { ApiPropertyOptional } from '../openapi.js';

const ANY_OBJECT = { type: 'object', additionalProperties: true } as const;

/** What a preview is about: exactly one of an event, a record and a sample. */
export class PreviewSubjectDto {
  @ApiPropertyOptional({ format: 'uuid', description: 'An event of the log, with the record as it was then.' })
  @IfGiven()
  @OwnId()
  eventId?: string;

  @ApiPropertyOptional({ example: '42', description: 'A record as it is now.' })
  @OptionalText(200)
  recordId?: string;

  @ApiPropertyOptional({
    ...ANY_OBJECT,
    example: { name: 'Ann Example', source: 'Web Form' },
    description: 'A record that nobody has: fields that are not given have a value of their type.',
  })
  @IfGiven()
  @IsObject()
  @AsSent()
  sample?: JsonObject;

  @ApiPropertyOptional({ ...ANY_OBJECT, example: { stage: 'Won' }, description: 'As if these fields had just been changed so.' })
  @IfGiven()
  @IsObject()
  @AsSent()
  changes?: JsonObject;

  @ApiPropertyOptional({
    ...ANY_OBJECT,
    example: { input: { discount: 10 } },
    description: 'What steps see as `trigger`, for starts that are no event of the CRM: `input`, or `body`, `headers` and `query`.',
  })
  @IfGiven()
  @IsObject()
  @AsSent()
  trigger?: JsonObject;
}

/** The subject as services take it. Throws `invalid_request` unless exactly one is given. */
export function toSubject({ eventId, recordId, sample, changes, trigger }: PreviewSubjectDto): PreviewSubject {
  const given = [eventId, recordId, sample].filter((one) => one !== undefined);
  if (given.length !== 1) {
    throw invalidRequest([{ path: 'subject', message: 'The subject must be exactly one of `eventId`, `recordId` and `sample`.' }]);
  }
  if (eventId !== undefined) {
    const odd = Object.entries({ changes, trigger }).filter(([, value]) => value !== undefined);
    if (odd.length > 0) {
      throw invalidRequest(odd.map(([name]) => ({ path: `subject.${name}`, message: 'An event is taken as it was: leave this out.' })));
    }
    return { eventId };
  }
  return recordId !== undefined ? { recordId, changes, trigger } : { sample: sample ?? {}, changes, trigger };
}
