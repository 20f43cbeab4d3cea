/** What pages see that watch a crowd's runs. */
import { randomUUID } from 'node:crypto';
import { io, type Socket } from 'socket.io-client';
import type { ClientEvents, ServerEvents, Update } from '../../server/wire.ts';

export type Page = Socket<ServerEvents, ClientEvents>;

/** A page of somebody's own, when the server has greeted it. */
export async function opened(address: string): Promise<Page> {
  const { origin, port } = new URL(address);
  const headers = { cookie: `lodestone-person-${port}=${randomUUID()}` };
  const page: Page = io(origin, { transports: ['websocket'], forceNew: true, extraHeaders: headers });
  await new Promise<void>((resolve) => page.once('hello', () => resolve()));
  return page;
}

const weightOf = ({ frame, ...update }: Update): number =>
  JSON.stringify(update).length + (frame?.bytes.byteLength ?? 0);

/** What everybody sees, from the moment that they watch. */
export class Sight {
  readonly started = new Map<string, number>();
  /** Of each watcher: runs that it saw done, with their pictures. */
  private readonly done: Set<string>[] = [];
  private bytes = 0;

  watch(page: Page): void {
    const [done, pictures] = [new Set<string>(), new Set<string>()];
    this.done.push(done);
    page.on('update', (update: Update, ack: () => void) => {
      ack();
      this.bytes += weightOf(update);
      if (update.state !== 'waiting' && !this.started.has(update.job)) this.started.set(update.job, performance.now());
      if (update.picture) pictures.add(update.job);
      if (update.state === 'done' && pictures.has(update.job)) done.add(update.job);
    });
  }
  /** Runs that all have seen done. */
  get seenByAll(): number {
    return Math.min(...this.done.map(({ size }) => size));
  }
  /** A run that is worked on. */
  get running(): string | undefined {
    return [...this.started.keys()].filter((id) => !this.done.some((done) => done.has(id))).at(-1);
  }
  get kilobytesEach(): number {
    return this.bytes / 1000 / this.done.length;
  }
}
