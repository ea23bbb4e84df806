import { useEffect, useRef, useState } from 'preact/hooks';
import { type ErrorBody, errorBodyOf } from '../../api/client.js';
import { forget } from '../../api/query.js';

/** Such as are left as they are for one reason. */
export interface Left {
  key: string;
  count: number;
  code?: string;
  words: string;
  /** One of them. */
  href?: string | null;
}

/** What a call, or many together, took up; of a dry run, what it would. */
export interface Part {
  seen: number;
  done: number;
  left: readonly Left[];
  /** Nothing is behind it. */
  isWhole: boolean;
}

/** What calls have come to, and what kept them from going on. */
export interface Found<P> {
  sum: P | null;
  error: ErrorBody | null;
}

interface BatchOptions<P> {
  /** Asks for the preview again when it changes, after a pause; not while it is null. */
  key: string | null;
  pauseMs?: number;
  /** So many calls a preview makes: beyond, it says that there are more. */
  previewCalls: number;
  /** One call, which goes on behind what those before came to. */
  ask: (call: { before: P | null; dryRun: boolean; note: string | null }) => Promise<P>;
  /** What of the API is other afterwards. */
  changes: readonly string[];
}

/** Work on many things in many calls: what it would do, how far it is, and what it did. */
export interface Batch<P> {
  preview: Found<P> | null;
  /** Null before it is begun. */
  work: Found<P> | null;
  isOver: boolean;
  note: string;
  setNote: (note: string) => void;
  start: () => Promise<Found<P>>;
  stop: () => void;
}

/** Previews work on many things, and does it call by call until nothing is left, one fails, or somebody stops it. */
export function useBatch<P extends Part>({ key, pauseMs = 0, previewCalls, ask, changes }: BatchOptions<P>): Batch<P> {
  const [preview, setPreview] = useState<Found<P> | null>(null);
  const [work, setWork] = useState<Found<P> | null>(null);
  const [isOver, setOver] = useState(false);
  const [note, setNote] = useState('');
  const isStopped = useRef(false);
  const stop = (): void => {
    isStopped.current = true;
  };
  useEffect(() => stop, []);
  useEffect(() => {
    let isOld = false;
    setPreview(null);
    const look = async (): Promise<void> => {
      const found = await through<P>(
        (before) => ask({ before, dryRun: true, note: null }),
        previewCalls,
        () => !isOld,
      );
      if (!isOld) setPreview(found);
    };
    const timer = key === null ? undefined : setTimeout(() => void look(), pauseMs);
    return () => {
      isOld = true;
      clearTimeout(timer);
    };
  }, [key]);
  const start = async (): Promise<Found<P>> => {
    setWork({ sum: null, error: null });
    const found = await through<P>(
      (before) => ask({ before, dryRun: false, note: note.trim() || null }),
      Number.POSITIVE_INFINITY,
      (sum) => {
        setWork({ sum, error: null });
        return !isStopped.current;
      },
    );
    setWork(found);
    setOver(true);
    await forget(...changes);
    return found;
  };
  return { preview, work, isOver, note, setNote, start, stop };
}

async function through<P extends Part>(
  ask: (before: P | null) => Promise<P>,
  most: number,
  mayGoOn: (sum: P) => boolean,
): Promise<Found<P>> {
  let sum: P | null = null;
  for (let calls = 0; calls < most; calls += 1) {
    try {
      const part: P = await ask(sum);
      sum = sum === null ? part : added(sum, part);
    } catch (error) {
      return { sum, error: errorBodyOf(error) };
    }
    if (sum.isWhole || !mayGoOn(sum)) break;
  }
  return { sum, error: null };
}

function added<P extends Part>(sum: P, part: P): P {
  return { ...part, seen: sum.seen + part.seen, done: sum.done + part.done, left: merged(sum.left, part.left) };
}

function merged(before: readonly Left[], more: readonly Left[]): Left[] {
  const all = new Map(before.map((one) => [one.key, one]));
  for (const one of more) all.set(one.key, { ...one, ...all.get(one.key), count: one.count + (all.get(one.key)?.count ?? 0) });
  return [...all.values()].sort((one, other) => other.count - one.count);
}
