/** Connections to a Redis, and what is said when there is none. */
import { Redis } from 'ioredis';
import { failure, messageOf } from '../../core/index.ts';

/** How long those who wait for an answer are kept waiting. */
const PATIENCE_MS = 5000;
/** A connection that should have been answered by now is broken. */
const SILENT_MS = 10_000;
/** A hash tag: a cluster keeps all that begins with it together. */
export const PREFIX = '{lodestone}:';

export type Script = (lua: string, ...values: (string | number | Buffer)[]) => Promise<unknown>;

interface Patience {
  readonly commandTimeout?: number;
  readonly maxRetriesPerRequest: number | null;
  readonly enableOfflineQueue?: boolean;
  readonly autoResendUnfulfilledCommands?: boolean;
  readonly socketTimeout?: number;
}

export interface Connection {
  /** For people who wait: fails soon. Throws STORE_LOST. */
  readonly ask: Script;
  /** For work that goes on when Redis is back: waits for as long as that takes. */
  readonly insist: Script;
  /** The same for other commands. */
  asking<T>(work: (redis: Redis) => Promise<T>): Promise<T>;
  readonly patient: Redis;
  /** A connection of its own, for what blocks it. */
  another(): Redis;
  /** The same, where it is to be known that it broke. */
  watchful(): Redis;
  close(): void;
}

/** The address without what nobody is to read in a log. */
export function shownAddress(url: string): string {
  try {
    const { host, pathname } = new URL(url);
    return `${host}${pathname}`;
  } catch {
    return 'an address that cannot be read';
  }
}

/** Throws STORE_LOST. */
export async function connectRedis(url: string, say: (line: string) => void): Promise<Connection> {
  const lost = (thrown: unknown) => failure('STORE_LOST', { url: shownAddress(url), what: messageOf(thrown) }, thrown);
  const all: Redis[] = [];
  let said = '';
  const opened = (options: Patience): Redis => {
    const redis = new Redis(url, { lazyConnect: true, ...options });
    redis.on('error', (thrown: unknown) => {
      const line = lost(thrown).message;
      if (line !== said) say(line);
      said = line;
    });
    redis.on('ready', () => {
      if (said) say(`The Redis at ${shownAddress(url)} is back.`);
      said = '';
    });
    all.push(redis);
    return redis;
  };
  const brief = opened({
    commandTimeout: PATIENCE_MS,
    maxRetriesPerRequest: 0,
    // What somebody was told has failed is not to happen later.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
  });
  const patient = opened({ maxRetriesPerRequest: null });
  const close = (): void => {
    for (const redis of all) redis.disconnect();
  };
  try {
    await Promise.all([brief.connect(), patient.connect()]);
  } catch (thrown) {
    close();
    throw lost(thrown);
  }
  const asking = <T>(work: (redis: Redis) => Promise<T>): Promise<T> =>
    work(brief).catch((thrown: unknown) => {
      throw lost(thrown);
    });
  return {
    ask: (lua, ...values) => asking((redis) => redis.eval(lua, 1, PREFIX, ...values)),
    insist: (lua, ...values) => patient.eval(lua, 1, PREFIX, ...values),
    asking,
    patient,
    another: () => opened({ maxRetriesPerRequest: null }),
    watchful: () => opened({ maxRetriesPerRequest: 0, socketTimeout: SILENT_MS }),
    close,
  };
}
