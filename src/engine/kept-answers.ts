import { LastUsed } from './last-used.js';

const KEPT_MS = 60_000;
const MOST_KEPT = 10_000;
/** How long an answer is waited for: what waits holds locks. */
const MOST_MS = 2_000;

/**
 * What the host answered about each workspace, for a minute. A host that gives no answer holds up nothing: what was known
 * last goes on to count.
 */
export class KeptAnswers<Answer> {
  private readonly known = new LastUsed<{ answer: Answer | undefined; until: number }>(MOST_KEPT);

  /** `name` is the option's; `onFailure` is told why an answer is missing. */
  constructor(
    private readonly name: string,
    private readonly ask: (workspaceId: string) => Promise<Answer>,
    private readonly onFailure: (workspaceId: string, error: unknown) => void,
    private readonly mostMs = MOST_MS,
  ) {}

  /** Asks about those of the workspaces of which nothing is known, or not any more. */
  async prepare(workspaceIds: Iterable<string>): Promise<void> {
    const now = performance.now();
    const unknown = [...new Set(workspaceIds)].filter((workspaceId) => (this.known.get(workspaceId)?.until ?? 0) <= now);
    await Promise.all(unknown.map((workspaceId) => this.renew(workspaceId)));
  }

  /** Asks now, whatever is known. */
  async renew(workspaceId: string): Promise<void> {
    const until = performance.now() + KEPT_MS;
    try {
      this.known.set(workspaceId, { answer: await this.inTime(this.ask(workspaceId)), until });
    } catch (error) {
      this.onFailure(workspaceId, error);
      this.known.set(workspaceId, { answer: this.of(workspaceId), until });
    }
  }

  /** The last answer; undefined when there never was one. */
  of(workspaceId: string): Answer | undefined {
    return this.known.get(workspaceId)?.answer;
  }

  private async inTime(answer: Promise<Answer>): Promise<Answer> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`the host's \`${this.name}\` has not answered within ${this.mostMs} ms`)), this.mostMs);
    });
    try {
      return await Promise.race([answer, limit]);
    } finally {
      clearTimeout(timer);
    }
  }
}
