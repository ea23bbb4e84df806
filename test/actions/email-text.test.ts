import { describe, expect, it } from '@jest/globals';
import { parseAddresses } from '../../src/actions/email/addresses.js';
import { readFrontMatter } from '../../src/actions/email/front-matter.js';
import { htmlToText } from '../../src/actions/email/html-to-text.js';

describe('text made of HTML', () => {
  it.each([
    ['paragraphs', '<p>One</p>\n<p>Two</p>', 'One\n\nTwo'],
    ['lines', 'One<br>Two<br/>Three', 'One\nTwo\nThree'],
    ['inline tags', 'a <b>b</b><i>c</i> d', 'a bc d'],
    ['white space', '  a \n\n\t b  ', 'a b'],
    ['lists', '<ul><li>One</li><li>Two</li></ul>after', '- One\n- Two\n\nafter'],
    ['cells', '<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>', 'a b\nc'],
    ['links', '<a class="x" href="https://acme.test/?a=1&amp;b=2">Open</a> now', 'Open (https://acme.test/?a=1&b=2) now'],
    ['links that show their address', "<a href='https://acme.test'>https://acme.test</a>", 'https://acme.test'],
    ['mail links', '<a href="mailto:a@b.test">a@b.test</a>', 'a@b.test'],
    ['links to nowhere', '<a href="#top">up</a> <a name="x">x</a>', 'up x'],
    ['links that are not closed', '<a href="https://a.test">a <a href="https://b.test">b</a>', 'a (https://a.test) b (https://b.test)'],
    ['script links', '<a href="javascript:alert(1)">x</a>', 'x'],
    ['what nobody reads', '<head><title>t</title></head><style>p { x: 1 }</style><script>if (a < b) {}</script>seen', 'seen'],
    ['comments', 'a<!-- <p>x</p> -->b', 'ab'],
    ['an open comment', 'a<!-- b', 'a'],
    ['an open tag', 'a<b', 'a'],
    ['an open style', 'a<style>b', 'a'],
    ['entities', '&lt;p&gt; &amp;amp; &#39;&#x27; &euro; &unknown; &#0; &#xd800; &#99999999;', "<p> &amp; '' € &unknown; &#99999999;"],
    ['nothing', '', ''],
  ])('keeps %s', (_what, html, text) => {
    expect(htmlToText(html)).toBe(text);
  });

  it('takes hostile input in its stride', () => {
    expect(htmlToText('<'.repeat(200_000))).toBe('');
    expect(htmlToText('<a href="https://a.test">'.repeat(10_000)).length).toBeGreaterThan(0);
    expect(htmlToText('&'.repeat(200_000))).toHaveLength(200_000);
    expect(htmlToText(`${'<p>'.repeat(50_000)}x`)).toBe('x');
  });
});

describe('front matter', () => {
  it.each([
    ['none', 'text', { body: 'text' }],
    ['values', '---\nsubject: A: b\nlayout: none\n\n# a note\n---\ntext', { subject: 'A: b', layout: 'none', body: 'text' }],
    ['quotes', '---\nsubject: "x"\npreheader: \'y\'\n---\n', { subject: 'x', preheader: 'y', body: '' }],
    ['other line ends', '---\r\nsubject: x\r\n---\r\ntext', { subject: 'x', body: 'text' }],
    ['an end without a line after it', '---\nsubject: x\n---', { subject: 'x', body: '' }],
    ['rules further down', 'text\n---\nsubject: x\n---\n', { body: 'text\n---\nsubject: x\n---\n' }],
    ['no end', '---\nsubject: x\n', { body: '---\nsubject: x\n' }],
  ])('is read: %s', (_what, source, expected) => {
    expect(readFrontMatter(source)).toEqual(expected);
  });

  it('refuses what it does not know', () => {
    expect(() => readFrontMatter('---\nto: x\n---\n')).toThrow("not 'to: x'");
    expect(() => readFrontMatter('---\nnonsense\n---\n')).toThrow("not 'nonsense'");
  });
});

describe('addresses', () => {
  it.each([
    ['a group', 'Team: a@x.test, B <b@x.test>;', ['a@x.test', 'b@x.test']],
    ['quoted names', '"Last, First" <a@x.test>', ['a@x.test']],
    ['umlauts', 'jürgen@bücher.test', ['jürgen@bücher.test']],
    ['a host without dots', 'crm@localhost', ['crm@localhost']],
    ['nothing', null, []],
  ])('are read from %s', (_what, value, expected) => {
    expect(parseAddresses(value, 'to').map(({ address }) => address)).toEqual(expected);
  });

  it.each([
    ['a number', 5],
    ['an object without an address', { name: 'x' }],
    ['an object with a wrong name', { name: 5, address: 'a@x.test' }],
    ['an empty group', 'Team:;'],
    ['two at signs', 'a@b@c.test'],
    ['a separator of lines', 'a@x.test\u2028'],
    ['an address literal', 'a@[127.0.0.1]'],
  ])('are refused: %s', (_what, value) => {
    expect(() => parseAddresses(value, 'to')).toThrow(expect.objectContaining({ code: 'mail_address_invalid' }));
  });

  it('are shown shortened where they are refused', () => {
    const refusalOf = (text: string): string => {
      try {
        parseAddresses(text, 'to');
        return '';
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(refusalOf('x'.repeat(80))).toContain(`"${'x'.repeat(80)}" is not`);
    expect(refusalOf('x'.repeat(81))).toContain(`"${'x'.repeat(80)}…" is not`);
  });
});
