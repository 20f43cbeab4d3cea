/** Remembers runs from the moment that they are accepted: what happens to them, and states to go on from. */
import { decodeCheckpoint, encodeCheckpoint, heldBy, type Journal, messageOf } from '../../core/index.ts';
import { type Accepted, isLasting, isPassing, type RunEvent, runEventSchema } from './events.ts';
import { acceptedJob, happened, type Job, type KeptCheckpoint } from './job.ts';

/** What has happened and may be lost with the machine is written together, after so long. */
const TOGETHER_MS = 200;
/** The newest state of a run is written no more often than this, and less often when it is large: so long for each byte. */
const CHECKPOINT_MS = 2000;
const CHECKPOINT_MS_PER_BYTE = 1000 / (4 << 20);
/** States of one run that outlast the process; when there are more, every second one goes, but never the newest. */
const STATES = 16;
/** Of large states fewer: so many bytes of one run. */
const STATE_BYTES = 64 << 20;

interface Due {
  readonly checkpoint: KeptCheckpoint;
  readonly timer: NodeJS.Timeout;
}

export class RunMemory {
  private readonly journal: Journal;
  /** Told what could not be written, where nobody waits for it. */
  private readonly say: (line: string) => void;
  private readonly waiting = new Map<string, string[]>();
  private timer: NodeJS.Timeout | undefined;
  private readonly due = new Map<string, Due>();
  private readonly written = new Map<string, number>();
  private said = '';

  constructor(journal: Journal, say: (line: string) => void) {
    this.journal = journal;
    this.say = say;
  }

  /** A run goes on where nothing can be written; that is said, once for each reason. */
  private atBest(work: () => void): void {
    try {
      work();
    } catch (thrown) {
      const line = messageOf(thrown);
      if (line !== this.said) this.say(line);
      this.said = line;
    }
  }

  /** A run that is accepted, and where it begins when that is not the beginning: kept when this returns. Throws JOURNAL_FAILED. */
  accept(id: string, event: Accepted, begins: KeptCheckpoint | undefined): void {
    this.append(id, event);
    if (begins) this.write(id, begins);
  }

  /** What happens to a run. What nobody may be told before it is kept is on the disk when this returns, where that can be. */
  remember(id: string, event: RunEvent): void {
    this.atBest(() => this.append(id, event));
  }

  private append(id: string, event: RunEvent): void {
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

  /** A state that the run can be taken up from. `now` writes it at once. */
  keep(id: string, checkpoint: KeptCheckpoint, now = false): void {
    clearTimeout(this.due.get(id)?.timer);
    const after = (this.written.get(id) ?? 0) + CHECKPOINT_MS + heldBy(checkpoint.checkpoint) * CHECKPOINT_MS_PER_BYTE;
    const wait = now ? 0 : after - performance.now();
    if (wait <= 0) this.atBest(() => this.write(id, checkpoint));
    else {
      const timer = setTimeout(() => this.atBest(() => this.write(id, checkpoint)), wait).unref();
      this.due.set(id, { checkpoint, timer });
    }
  }

  /** The run went back: states of later steps are none of it. */
  wentBack(id: string, step: number): void {
    const due = this.due.get(id);
    if (due && due.checkpoint.checkpoint.step > step) this.forgetDue(id);
    this.atBest(() =>
      this.journal.drop(
        id,
        this.journal.blobs(id).filter((s) => s > step),
      ),
    );
  }

  /** Its states are not needed any more. */
  forgetStates(id: string): void {
    this.forgetDue(id);
    this.atBest(() => this.journal.drop(id, this.journal.blobs(id)));
  }

  forget(id: string): void {
    this.forgetDue(id);
    this.waiting.delete(id);
    this.atBest(() => this.journal.remove(id));
  }

  /** All runs, the oldest first, as they were when they were heard of last; those that cannot be read are forgotten, and counted. */
  recall(): { readonly jobs: Job[]; readonly unreadable: number } {
    const jobs: Job[] = [];
    let unreadable = 0;
    for (const id of this.journal.keys()) {
      const events = this.journal.entries(id).flatMap((entry) => {
        const parsed = runEventSchema.safeParse(jsonOf(entry));
        return parsed.success ? [parsed.data] : [];
      });
      const [first] = events;
      if (first?.type !== 'accepted') {
        unreadable += 1;
        this.journal.remove(id);
        continue;
      }
      const job = acceptedJob(id, first);
      for (const event of events) happened(job, event);
      jobs.push(job);
    }
    return { jobs, unreadable };
  }

  /** States that the run can be taken up from, in order of their steps; damaged ones are left out. */
  states(id: string): KeptCheckpoint[] {
    return this.journal.blobs(id).flatMap((step) => {
      try {
        const { checkpoint, script } = decodeCheckpoint(this.journal.blob(id, step) ?? new Uint8Array());
        return [{ checkpoint, script: [...script] }];
      } catch {
        return [];
      }
    });
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const [id, entries] of this.waiting) {
      this.waiting.delete(id);
      this.journal.append(id, entries);
    }
  }

  close(): void {
    this.atBest(() => {
      for (const [id, { checkpoint }] of this.due) this.write(id, checkpoint);
      this.flush();
    });
    this.journal.close();
  }

  private forgetDue(id: string): void {
    clearTimeout(this.due.get(id)?.timer);
    this.due.delete(id);
    this.written.delete(id);
  }

  private write(id: string, { checkpoint, script }: KeptCheckpoint): void {
    clearTimeout(this.due.get(id)?.timer);
    this.due.delete(id);
    this.written.set(id, performance.now());
    const blob = encodeCheckpoint({ checkpoint, script, chart: [] });
    this.journal.keep(id, checkpoint.step, blob);
    const steps = this.journal.blobs(id);
    if (steps.length > Math.max(2, Math.min(STATES, STATE_BYTES / blob.byteLength)))
      this.journal.drop(
        id,
        steps.filter((_, i) => i % 2 === 1 && i < steps.length - 1),
      );
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
