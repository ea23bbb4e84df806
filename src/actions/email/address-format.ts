import type { Json } from '../../core/json.js';
import type { TemplatePiece, TextFormat } from '../../core/template/template.js';
import { addressparser } from '../libraries.js';
import { addressInvalid, checkedMailbox, entriesOf, type MailAddress, parseAddresses, quoted } from './addresses.js';

/**
 * Addresses with expressions in them. Between other text, an expression is one display name, one address or a part of
 * either, whatever it holds: the author's own text decides where names and addresses begin and end. A text that is one
 * expression may hold addresses with commas between them, or a list; groups, which name a crowd by one word, never.
 */
export function addressFormat(argument: string): TextFormat {
  return {
    single: (value) => checkedValue(value, argument),
    mixed: (pieces) => {
      const isWritten = pieces.every(({ from }) => from === 'author');
      return isWritten ? pieces.map(({ text }) => text).join('') : (composeAddresses(pieces, argument) as unknown as Json);
    },
    problem: () => null,
  };
}

/** The value as it is, once it is known to be addresses: words such as `owner` are the author's to say. */
function checkedValue(value: Json, argument: string): Json {
  for (const text of entriesOf(value).filter((entry) => typeof entry === 'string')) {
    parseAddresses(text, argument);
    if (addressparser()(text).some((entry) => 'group' in entry)) {
      throw addressInvalid(argument, `${quoted(text)} names a group`);
    }
  }
  return value;
}

/**
 * Reads the author's text with a word in the place of each expression, and puts the values in afterwards. So no value is
 * ever read for commas, brackets or quotes, and what it yields needs no quoting.
 */
function composeAddresses(pieces: readonly TemplatePiece[], argument: string): MailAddress[] {
  const values = pieces.filter(({ from }) => from !== 'author').map(({ text }) => text.trim());
  const mark = unusedWord(pieces);
  let count = 0;
  const marked = pieces.map(({ text, from }) => (from === 'author' ? text : `${mark}${count++}e`)).join('');
  // One that stands alone is an address; without an @ it would be read as the beginning of the next one's name.
  const alone = new RegExp(`((?:^|[,;:<])\\s*${mark}\\d+e)(?=\\s*(?:$|[,;>]))`, 'g');
  const places = new RegExp(`${mark}(\\d+)e(?:@${mark}z)?`, 'g');
  const filled = (text: string) => text.replace(places, (_place, index: string) => values[Number(index)] ?? '');
  return addressparser()(marked.replace(alone, `$1@${mark}z`), { flatten: true }).flatMap((found) => {
    const mailbox = { name: filled(found.name), address: filled(found.address) };
    if (found.address === '') {
      throw addressInvalid(argument, `${quoted(mailbox.name)} holds no address: put addresses in brackets, name <address>`);
    }
    return mailbox.name === '' && mailbox.address === '' ? [] : [checkedMailbox(mailbox, argument)];
  });
}

/** A word that the author's text does not hold. */
function unusedWord(pieces: readonly TemplatePiece[]): string {
  let word = 'v';
  while (pieces.some(({ text, from }) => from === 'author' && text.includes(word))) word += 'v';
  return word;
}
