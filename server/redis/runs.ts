/** Runs of several servers and workers, in a Redis. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { failure, messageOf, plainError, type Steer } from '../../core/index.ts';
import type { Accepted, KeptCheckpoint, Lane, RunEvent } from '../runs/events.ts';
import { encodedState, stateIn } from '../runs/states.ts';
import { type Follower, type Known, type RunStore, WAITING, type Work, type Working } from '../runs/store.ts';
import { type Connection, connectRedis, PREFIX, shownAddress } from './connection.ts';
import { Feed, knownIn, stepsIn } from './feed.ts';
import { RedisLease } from './lease.ts';
import { ACCEPT, APPEND, CANCEL, FORGET, HOLD, MOVE_UP, RELEASE, TAKE } from './scripts.ts';
import { Talk } from './talk.ts';
import { Tickets } from './tickets.ts';

const CLOSE_MS = 5000;

/** Throws STORE_LOST. */
export async function openRedisRuns(url: string, logger: Logger): Promise<RunStore> {
  const connection = await connectRedis(url, (line) => logger.warn(line));
  const talk = new Talk(connection);
  try {
    await talk.open();
  } catch (thrown) {
    connection.close();
    throw failure('STORE_LOST', { url: shownAddress(url), what: messageOf(thrown) }, thrown);
  }
  return new RedisRuns(connection, talk, (line) => logger.warn(line));
}

class RedisRuns implements RunStore {
  private readonly connection: Connection;
  private readonly talk: Talk;
  private readonly tickets: Tickets;
  private readonly say: (line: string) => void;
  private feed: Feed | undefined;

  constructor(connection: Connection, talk: Talk, say: (line: string) => void) {
    this.connection = connection;
    this.talk = talk;
    this.tickets = new Tickets(connection);
    this.say = say;
  }

  async follow(follower: Follower): Promise<{ readonly runs: readonly Known[]; readonly unreadable: number }> {
    const feed = new Feed(this.connection, follower);
    this.feed = feed;
    const found = await feed.open();
    await this.talk.follow((message) => feed.passed(message));
    return found;
  }

  async ready(): Promise<boolean> {
    return (await this.connection.asking((redis) => redis.ping()).catch(() => '')) === 'PONG';
  }

  async accept(id: string, accepted: Accepted, begins?: KeptCheckpoint): Promise<void> {
    const { by, lane } = accepted;
    const state = begins ? [begins.checkpoint.step, Buffer.from(encodedState(begins))] : [];
    const limits = [WAITING.yours, WAITING.all];
    const said = await this.connection.ask(ACCEPT, id, by, lane, JSON.stringify(accepted), ...limits, ...state);
    if (said === 'yours' || said === 'all') throw failure('JOBS_FULL', { limit: WAITING[said], whose: said });
    // Without it the run waits until tickets are counted.
    void this.tickets.add(lane).catch(() => undefined);
    this.feed?.accepted(id, accepted, begins?.checkpoint.step);
  }

  async cancel(id: string, ended: RunEvent): Promise<void> {
    const said = await this.connection.ask(CANCEL, id, JSON.stringify(ended));
    if (said === 'asked') await this.talk.say(id, { kind: 'look' });
  }

  steer(id: string, steer: Steer): Promise<boolean> {
    return this.talk.steer(id, steer);
  }

  async hold(id: string, held: boolean): Promise<boolean> {
    const event: RunEvent = { type: 'held', held };
    const found = (await this.connection.ask(HOLD, id, held ? '1' : '0', JSON.stringify(event))) as
      | [Lane, number]
      | null; // as the script gives it
    // Whoever took its ticket meanwhile found nothing to do.
    if (found?.[1] === 1 && !held) void this.tickets.add(found[0]).catch(() => undefined);
    return found !== null;
  }

  async moveUp(id: string): Promise<boolean> {
    return (await this.connection.ask(MOVE_UP, id)) === 1;
  }

  state(id: string, step: number): Promise<KeptCheckpoint | undefined> {
    return this.connection.asking((redis) => stateAt(redis, id, step));
  }

  async forgetStates(id: string): Promise<void> {
    await this.connection.asking((redis) => redis.del(`${PREFIX}states:${id}`));
  }

  async forget(id: string): Promise<void> {
    await this.connection.ask(FORGET, id);
  }

  work(lane: Lane, work: Work): Working {
    let current: RedisLease | undefined;
    let closing = false;
    const tickets = this.tickets.work(lane, async (ticket) => {
      const lease = closing ? undefined : await this.take(lane, ticket);
      if (!lease) return;
      current = lease.lease;
      if (closing) current.stop('closing');
      await work(lease.lease);
      await lease.lease.end();
      current = undefined;
      const again = await this.connection.insist(RELEASE, lease.lease.id, lease.number, ticket, lane);
      if (again === 1) await this.tickets.add(lane);
    });
    return {
      close: async () => {
        closing = true;
        current?.stop('closing');
        // A Redis that is away is not waited for: the ticket runs out, and another takes the run over.
        await Promise.race([tickets.close(), wait(CLOSE_MS, undefined, { ref: false })]);
      },
    };
  }

  async close(): Promise<void> {
    await this.feed?.close();
    await this.tickets.close();
    this.connection.close();
  }

  /** A run whose beginning cannot be read is ended and forgotten, so that it holds nobody up. */
  private async unreadable(id: string, number: number, ticket: string, lane: Lane): Promise<void> {
    const error = plainError(failure('JOURNAL_FAILED', { path: 'Redis', what: `the run ${id} cannot be read` }));
    const ended: RunEvent = { type: 'ended', at: Date.now(), state: 'failed', error };
    await this.connection.insist(APPEND, id, number, Number.MAX_SAFE_INTEGER, JSON.stringify(ended), '1');
    await this.connection.insist(RELEASE, id, number, ticket, lane);
    await this.connection.insist(FORGET, id);
    this.say(error.message);
  }

  private async take(
    lane: Lane,
    ticket: string,
  ): Promise<{ readonly lease: RedisLease; readonly number: number } | undefined> {
    const found = (await this.connection.insist(TAKE, lane, ticket)) as [string, number] | null; // as the script gives it
    if (!found) return undefined;
    const [id, number] = found;
    const known = await knownIn(this.connection.patient, id);
    if (!known) {
      await this.unreadable(id, number, ticket, lane);
      return undefined;
    }
    const { run, length } = known;
    const lease = new RedisLease(
      {
        connection: this.connection,
        talk: this.talk,
        number,
        run,
        length,
        newest: () => stateAt(this.connection.patient, id, Number.POSITIVE_INFINITY),
      },
      (thrown) => {
        if (lease.signal.reason !== 'lost') this.say(thrown instanceof Error ? thrown.message : String(thrown));
      },
    );
    await lease.open();
    return { lease, number };
  }
}

/** The newest state of a step that is not later; damaged ones are passed over. */
async function stateAt(redis: Redis, id: string, step: number): Promise<KeptCheckpoint | undefined> {
  for (const at of (await stepsIn(redis, id)).toReversed()) {
    if (at > step) continue;
    const read = stateIn((await redis.hgetBuffer(`${PREFIX}states:${id}`, String(at))) ?? undefined);
    if (read) return read;
  }
  return undefined;
}
