/** What happened to runs, in a journal: written at once where nobody may be told before it is, and together with what follows where it may be lost with the machine. */
import { type Journal, messageOf } from '../../core/index.ts';
import { isLasting, isPassing, type RunEvent, runEventOf } from './events.ts';
import type { Known } from './store.ts';

/** What may be lost with the machine is written together, after so long. */
const TOGETHER_MS = 200;

export class RunLog {
  private readonly journal: Journal;
  /** Told what could not be written, where nobody waits for it. */
  private readonly say: (line: string) => void;
  private readonly waiting = new Map<string, string[]>();
  private timer: NodeJS.Timeout | undefined;
  private said = '';

  constructor(journal: Journal, say: (line: string) => void) {
    this.journal = journal;
    this.say = say;
  }

  /** A run goes on where nothing can be written; that is said, once for each reason. */
  readonly failed = (thrown: unknown): void => {
    const line = messageOf(thrown);
    if (line !== this.said) this.say(line);
    this.said = line;
  };

  atBest(work: () => void): void {
    try {
      work();
    } catch (thrown) {
      this.failed(thrown);
    }
  }

  /** On the disk when this returns, where the event is lasting. Throws JOURNAL_FAILED. */
  append(id: string, event: RunEvent): void {
    if (isPassing(event)) return;
    const all = [...(this.waiting.get(id) ?? []), JSON.stringify(event)];
    if (isLasting(event)) {
      this.waiting.delete(id);
      this.journal.append(id, all, { lasting: true });
      return;
    }
    this.waiting.set(id, all);
    this.timer ??= setTimeout(() => this.atBest(() => this.flush()), TOGETHER_MS).unref();
  }

  /** All runs, the oldest first, as they were when they were heard of last; those that cannot be read are forgotten, and counted. */
  recall(): { readonly runs: Known[]; readonly unreadable: number } {
    const runs: Known[] = [];
    let unreadable = 0;
    for (const id of this.journal.keys()) {
      const events = this.journal.entries(id).flatMap((entry) => runEventOf(entry) ?? []);
      if (events[0]?.type === 'accepted') runs.push({ id, events, kept: this.journal.blobs(id) });
      else {
        unreadable += 1;
        this.journal.remove(id);
      }
    }
    return { runs, unreadable };
  }

  /** What happened to a run before now. */
  of(id: string): readonly RunEvent[] {
    this.atBest(() => this.flush());
    return this.journal.entries(id).flatMap((entry) => runEventOf(entry) ?? []);
  }

  forget(id: string): void {
    this.waiting.delete(id);
    this.journal.remove(id);
  }

  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const [id, entries] of this.waiting) {
      this.waiting.delete(id);
      this.journal.append(id, entries);
    }
  }
}
