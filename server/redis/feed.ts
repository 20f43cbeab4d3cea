/** What happens to runs, as whoever follows is told: all of it, each event once and in its order, whatever becomes of the connection. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { FairQueue } from '../queue.ts';
import { type Accepted, asRunEvent, LANES, type RunEvent, runEventOf } from '../runs/events.ts';
import type { Follower, Known, Waiting } from '../runs/store.ts';
import { type Connection, PREFIX } from './connection.ts';
import { jsonOf } from './talk.ts';

const BLOCK_MS = 2000;
const AT_ONCE = 500;
const AGAIN_MS = 300;
/** What is asked of a connection that is away is never answered. */
const CLOSE_MS = 1000;
/** Places in the queue are told together, after so long. */
const QUEUE_MS = 50;

type Entry = readonly [id: string, fields: readonly string[]];

export class Feed {
  private readonly connection: Connection;
  private readonly follower: Follower;
  private readonly reader: Redis;
  /** How many events of each run were told. */
  private readonly told = new Map<string, number>();
  private readonly closing = new AbortController();
  private reading: Promise<void> | undefined;
  private last = '0';
  private queueTimer: NodeJS.Timeout | undefined;

  constructor(connection: Connection, follower: Follower) {
    this.connection = connection;
    this.follower = follower;
    this.reader = connection.watchful();
  }

  /** All runs, the oldest first; from then on the follower is told. */
  async open(): Promise<{ readonly runs: Known[]; readonly unreadable: number }> {
    await this.reader.connect();
    this.last = await this.end();
    const runs: Known[] = [];
    let unreadable = 0;
    for (const id of await this.connection.patient.zrange(`${PREFIX}runs`, '0', '-1')) {
      const run = await this.read(id);
      if (run) runs.push(run);
      else unreadable += 1;
    }
    // Known before the first event is told that came meanwhile.
    for (const run of runs) this.follower.known(run);
    this.reading = this.followOn();
    await this.queue();
    return { runs, unreadable };
  }

  /** A frame or progress, as it was passed on. */
  passed(message: string): void {
    const { run, event, bytes } = (jsonOf(message) ?? {}) as Record<string, unknown>; // each is looked at below
    if (typeof run !== 'string' || !this.told.has(run)) return;
    const found = passedEvent(event, bytes);
    if (found) this.follower.happened(run, found);
  }

  /** It was accepted here: nobody waits for the feed. */
  accepted(id: string, event: Accepted, begins: number | undefined): void {
    if (this.told.has(id)) return;
    this.told.set(id, 1);
    this.follower.known({ id, events: [event], kept: begins === undefined ? [] : [begins] });
  }

  async close(): Promise<void> {
    this.closing.abort();
    clearTimeout(this.queueTimer);
    this.reader.disconnect();
    await Promise.race([this.reading, wait(CLOSE_MS, undefined, { ref: false })]);
  }

  private async followOn(): Promise<void> {
    const { signal } = this.closing;
    let lost = false;
    while (!signal.aborted)
      try {
        if (lost) await this.again();
        lost = false;
        const found = (await this.reader.xread(
          'COUNT',
          AT_ONCE,
          'BLOCK',
          BLOCK_MS,
          'STREAMS',
          `${PREFIX}feed`,
          this.last,
        )) as readonly (readonly [string, readonly Entry[]])[] | null; // of one stream
        for (const [id, fields] of found?.[0]?.[1] ?? []) {
          await this.entry(fields);
          this.last = id;
        }
      } catch {
        // The connection says what is wrong with it.
        lost = true;
        await wait(AGAIN_MS, undefined, { signal }).catch(() => undefined);
      }
  }

  /** A Redis that was away may have forgotten some of it. */
  private async again(): Promise<void> {
    this.last = await this.end();
    const there = await this.reader.zrange(`${PREFIX}runs`, '0', '-1');
    for (const id of this.told.keys()) if (!there.includes(id)) this.gone(id);
    for (const id of there)
      if ((await this.reader.llen(`${PREFIX}events:${id}`)) !== this.told.get(id)) await this.refresh(id);
    await this.queue();
  }

  private async entry(fields: readonly string[]): Promise<void> {
    const [kind, run = '', , seq = '', , text = ''] = fields;
    if (kind === 'queue') {
      this.queueTimer ??= setTimeout(() => {
        this.queueTimer = undefined;
        void this.queue().catch(() => undefined);
      }, QUEUE_MS);
    } else if (kind === 'gone') this.gone(run);
    else if (kind === 'run') {
      const told = this.told.get(run);
      const place = Number(seq);
      if (told !== undefined && place < told) return;
      const event = place === told ? runEventOf(text) : undefined;
      if (!event) {
        await this.refresh(run);
        return;
      }
      this.told.set(run, place + 1);
      this.follower.happened(run, event);
    }
  }

  private gone(id: string): void {
    this.told.delete(id);
    this.follower.forgotten(id);
  }

  /** What is known of a run is what Redis has. */
  private async refresh(id: string): Promise<void> {
    const run = await this.read(id);
    if (run) this.follower.known(run);
  }

  private async read(id: string): Promise<Known | undefined> {
    const found = await knownIn(this.connection.patient, id);
    if (!found) return undefined;
    this.told.set(id, found.length);
    return found.run;
  }

  private async queue(): Promise<void> {
    this.follower.queued(await orderIn(this.connection.patient));
  }

  private async end(): Promise<string> {
    const [newest] = await this.reader.xrevrange(`${PREFIX}feed`, '+', '-', 'COUNT', 1);
    return newest?.[0] ?? '0';
  }
}

/** Steps of the states that are kept of a run, the smallest first. */
export const stepsIn = async (redis: Redis, id: string): Promise<number[]> =>
  (await redis.hkeys(`${PREFIX}states:${id}`)).map(Number).sort((a, b) => a - b);

/** A run, and how many entries there are of it, those that cannot be read among them; nothing where it was never accepted, or cannot be read. */
export async function knownIn(
  redis: Redis,
  id: string,
): Promise<{ readonly run: Known; readonly length: number } | undefined> {
  const [entries, steps] = await Promise.all([redis.lrange(`${PREFIX}events:${id}`, 0, -1), stepsIn(redis, id)]);
  const events = entries.flatMap((entry) => runEventOf(entry) ?? []);
  if (events[0]?.type !== 'accepted') return undefined;
  return { run: { id, events, kept: steps }, length: entries.length };
}

async function orderIn(redis: Redis): Promise<readonly Waiting[]> {
  const [by, held] = await Promise.all([redis.hgetall(`${PREFIX}by`), redis.smembers(`${PREFIX}held`)]);
  const lanes = await Promise.all(
    LANES.map(async (lane) => {
      const [first, waiting, served, turn] = await Promise.all([
        redis.lrange(`${PREFIX}first:${lane}`, 0, -1),
        redis.lrange(`${PREFIX}waiting:${lane}`, 0, -1),
        redis.hgetall(`${PREFIX}served:${lane}`),
        redis.get(`${PREFIX}turn:${lane}`),
      ]);
      const item = (id: string) => ({ id, lane, by: by[id] ?? '', held: held.includes(id) });
      const turns = Object.entries(served).map(([person, n]) => [person, Number(n)] as const);
      return new FairQueue({
        interrupted: first.map((id) => ({ ...item(id), held: false })),
        waiting: waiting.map(item),
        served: turns,
        turn: Number(turn ?? 0),
      }).order();
    }),
  );
  return lanes.flat();
}

/** As it is passed on: what is in bytes beside the rest. */
export function passedMessage(run: string, event: RunEvent): string {
  if (event.type !== 'told' || event.event.type !== 'frame') return JSON.stringify({ run, event });
  const { bytes, ...frame } = event.event;
  return JSON.stringify({ run, event: { type: 'told', event: frame }, bytes: Buffer.from(bytes).toString('base64') });
}

function passedEvent(event: unknown, bytes: unknown): RunEvent | undefined {
  if (typeof bytes !== 'string') return asRunEvent(event);
  const frame = typeof event === 'object' && event !== null && 'event' in event ? event.event : undefined;
  return asRunEvent({
    type: 'told',
    event: { ...(frame as object | undefined), bytes: new Uint8Array(Buffer.from(bytes, 'base64')) },
  });
}
