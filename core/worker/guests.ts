/** Models that guide or judge beside the engine's own: kept while any run goes on and a while after it, then closed. */
import type { ClipModel } from '../clip/model.ts';
import { remembered } from '../clip/remembered.ts';

const IDLE_MS = 60_000;

export class Guests {
  private readonly open: (folder: string) => Promise<ClipModel>;
  private readonly idleMs: number;
  private readonly models = new Map<string, Promise<ClipModel>>();
  private runs = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(open: (folder: string) => Promise<ClipModel>, idleMs = IDLE_MS) {
    this.open = open;
    this.idleMs = idleMs;
  }

  /** The model of a folder. Throws what opening it throws, and tries again when it is next asked for. */
  model(folder: string): Promise<ClipModel> {
    return remembered(this.models, folder, () => this.open(folder));
  }

  /** Says that a run begins; returns what says that it has ended. */
  begin(): () => void {
    this.runs += 1;
    clearTimeout(this.timer);
    return () => {
      this.runs -= 1;
      if (this.runs === 0) this.timer = setTimeout(() => void this.close().catch(() => undefined), this.idleMs).unref();
    };
  }

  private async close(): Promise<void> {
    const leaving = [...this.models.values()];
    this.models.clear();
    const opened = await Promise.allSettled(leaving);
    await Promise.all(opened.flatMap((found) => (found.status === 'fulfilled' ? [found.value.close()] : [])));
  }
}
