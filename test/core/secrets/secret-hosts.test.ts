import { describe, expect, it } from '@jest/globals';
import { hostProblem, knownAddress, mayGoTo } from '../../../src/core/secrets/secret-hosts.js';

describe('the hosts of a secret', () => {
  it.each([
    ['api.example.com', 'https://api.example.com/v1?a=b', true],
    ['api.example.com', 'https://api.example.com:443/', true],
    ['API.Example.com', 'https://api.example.com/', true],
    ['https://api.example.com', 'https://api.example.com/', true],
    ['api.example.com:8443', 'https://api.example.com:8443/', true],
    ['http://intranet:8080', 'http://intranet:8080/x', true],
    ['[2001:db8::1]:8443', 'https://[2001:db8::1]:8443/', true],
    ['api.example.com', 'http://api.example.com/', false],
    ['api.example.com', 'https://api.example.com:8443/', false],
    ['api.example.com:8443', 'https://api.example.com/', false],
    ['http://intranet:8080', 'https://intranet:8080/', false],
    ['api.example.com', 'https://api.example.com.evil.test/', false],
    ['api.example.com', 'https://evil.test/api.example.com', false],
    ['example.com', 'https://api.example.com/', false],
  ])('%s: to %s it may go: %s', (host, url, may) => {
    expect(hostProblem(host)).toBeNull();
    expect(mayGoTo([host], new URL(url))).toBe(may);
    expect(mayGoTo(['other.test', host], new URL(url))).toBe(may);
  });

  it.each([
    '',
    'a b',
    'api.example.com/v1',
    'https://api.example.com/',
    'api.example.com?x',
    'user:pw@api.example.com',
    'api.example.com#x',
    'ftp://api.example.com',
    '*.example.com',
    'api.example.com:99999',
    'a\\b',
  ])('are no more than hosts: %j is refused, and lets nothing go', (host) => {
    expect(hostProblem(host)).toContain('is no host');
    expect(mayGoTo([host], new URL('https://api.example.com/'))).toBe(false);
  });

  it('let a secret without any go nowhere', () => {
    expect(mayGoTo([], new URL('https://api.example.com/'))).toBe(false);
  });
});

describe('the address of a text in a definition', () => {
  it.each([
    ['https://api.example.com/v1', 'https://api.example.com'],
    ['https://api.example.com:8443', 'https://api.example.com:8443'],
    ['https://api.example.com/{{record.id}}', 'https://api.example.com'],
    ['https://api.example.com?id={{record.id}}', 'https://api.example.com'],
  ])('%s is known: %s', (text, origin) => {
    expect(knownAddress(text)?.origin).toBe(origin);
  });

  it.each([
    '{{record.url}}',
    'https://{{record.host}}/',
    'https://api.example.com{{record.tld}}/',
    'https://a:99999/{{record.id}}',
    'no url',
    7,
    undefined,
  ])('%j is not known before it is rendered', (text) => {
    expect(knownAddress(text)).toBeNull();
  });
});
