/** Promises made once a key, and sessions of which only the last few are kept. */
import type { Session } from '../graph/index.ts';

/** Sessions for fixed sizes that are kept at once; the one that was used longest ago is released. */
const FIXED_SESSIONS = 8;

/**
 * The session under `key`, made when it is first asked for. Who holds on to it may find it released between two runs, by others who came with sizes of
 * their own: it is made anew then.
 */
export async function keptSession(
  store: Map<string, Promise<Session>>,
  key: string,
  make: () => Promise<Session>,
): Promise<Session> {
  const made = await current(store, key, make);
  return { ...made, run: async (...args) => (await current(store, key, make)).run(...args) };
}

async function current(
  store: Map<string, Promise<Session>>,
  key: string,
  make: () => Promise<Session>,
): Promise<Session> {
  const found = remembered(store, key, make);
  store.delete(key);
  store.set(key, found);
  const [oldest] = store.size > FIXED_SESSIONS ? store : [];
  if (oldest) {
    store.delete(oldest[0]);
    await (await oldest[1]).release();
  }
  return found;
}

type Store<K, V> = { get(key: K): V | undefined; set(key: K, value: V): unknown; delete(key: K): unknown };

/** The value under `key`; one that failed is made again the next time. */
export function remembered<K, V>(store: Store<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  const found = store.get(key);
  if (found) return found;
  const made = make();
  store.set(key, made);
  made.catch(() => store.delete(key));
  return made;
}

/** The one value of `make`, made when it is first asked for; one that failed is made again the next time. */
export function once<V>(make: () => Promise<V>): () => Promise<V> {
  const store = new Map<undefined, Promise<V>>();
  return () => remembered(store, undefined, make);
}
