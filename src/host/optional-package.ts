/** What loaders say when the package itself is not there: Node's two, Yarn's and Jest's. */
const MISSING = new Set(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']);

/**
 * Returns what `load` imports, null where the host has not installed the package. Whatever else is wrong with it is thrown:
 * a broken package must not look like one that nobody wanted.
 */
export async function ifInstalled<T>(name: string, load: () => Promise<T>): Promise<T | null> {
  try {
    return await load();
  } catch (error) {
    if (isMissing(error, name)) return null;
    throw error;
  }
}

/** Whether it is this package that was not found, and not one that it needs itself. Not by `instanceof`: Jest's errors are of another realm. */
function isMissing(error: unknown, name: string): boolean {
  const { code, message = '' } = (error ?? {}) as { code?: string; message?: string };
  if (code === undefined || !MISSING.has(code)) return false;
  return message.includes(`'${name}'`) || message.includes(`tried to access ${name} `);
}
