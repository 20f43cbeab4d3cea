/**
 * The queue, on BullMQ: who holds a ticket may take one run. Which one that is, people in turn, is decided when it is taken (BullMQ takes no turns); that
 * somebody who took one has died or was cut off is found by BullMQ, which gives the ticket to another, and with it the run.
 */
import { randomUUID } from 'node:crypto';
import { Queue, Worker } from 'bullmq';
import { LANES, type Lane } from '../runs/events.ts';
import { type Connection, PREFIX } from './connection.ts';
import { LEFT } from './scripts.ts';

/** How long a worker may be silent before another takes its run over, and how often that is looked at. */
const SILENT_MS = 12_000;
const LOOK_MS = 4000;
const COUNT_MS = 20_000;

const OPTIONS = { prefix: PREFIX.slice(0, -1) } as const;

export class Tickets {
  private readonly connection: Connection;
  private readonly queues: Readonly<Record<Lane, Queue>>;
  private readonly timer: NodeJS.Timeout;

  constructor(connection: Connection) {
    this.connection = connection;
    const queue = (lane: Lane): Queue => {
      const made = new Queue(lane, { ...OPTIONS, connection: connection.patient });
      made.on('error', () => undefined); // the connection says it
      return made;
    };
    this.queues = { long: queue('long'), short: queue('short') };
    this.timer = setInterval(() => void this.count().catch(() => undefined), COUNT_MS).unref();
  }

  /** One more run may be taken. */
  async add(lane: Lane): Promise<void> {
    const kept = { removeOnComplete: true, removeOnFail: true };
    await this.queues[lane].add('run', {}, { jobId: randomUUID(), ...kept });
  }

  /** There are as many tickets as there are runs to take, and a run whose ticket is gone is to be taken again: processes die between two of their steps. */
  async count(): Promise<void> {
    const { patient } = this.connection;
    for (const [ticket, run] of Object.entries(await patient.hgetall(`${PREFIX}taken`))) {
      const lane = ((await patient.hget(`${PREFIX}lane`, run)) ?? 'long') as Lane; // as it was accepted
      if (await this.queues[lane].getJob(ticket)) continue;
      await this.connection.insist(LEFT, ticket, run, lane);
    }
    for (const lane of LANES) {
      const [first, waiting, held, tickets] = await Promise.all([
        patient.llen(`${PREFIX}first:${lane}`),
        patient.lrange(`${PREFIX}waiting:${lane}`, 0, -1),
        patient.smembers(`${PREFIX}held`),
        this.queues[lane].getWaitingCount(),
      ]);
      const wanted = first + waiting.filter((run) => !held.includes(run)).length;
      for (let n = tickets; n < wanted; n++) await this.add(lane);
    }
  }

  /** Does the work for each ticket, one after the other. What is given back takes no more, and settles when the last is done. */
  work(lane: Lane, work: (ticket: string) => Promise<void>): { close(): Promise<void> } {
    const worker = new Worker(lane, async (job) => work(job.id ?? ''), {
      ...OPTIONS,
      connection: this.connection.another(),
      concurrency: 1,
      lockDuration: SILENT_MS,
      stalledInterval: LOOK_MS,
      // How often a run is taken up is its own affair.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
    });
    worker.on('error', () => undefined); // the connection says it
    void this.count().catch(() => undefined);
    return { close: () => worker.close() };
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(LANES.map((lane) => this.queues[lane].close().catch(() => undefined)));
  }
}
