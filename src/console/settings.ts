/** What the server says of itself on the page, before anybody is known. */
interface Settings {
  signInUrl: string | null;
  tokenInput: boolean;
}

/** Returns what stands in the page's head. */
export function settings(): Settings {
  const content = document.querySelector<HTMLMetaElement>('meta[name=console]')?.content ?? '';
  return { signInUrl: null, tokenInput: false, ...(content === '' ? {} : (JSON.parse(content) as Partial<Settings>)) };
}
