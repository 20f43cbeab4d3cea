/** The process of stores. Started by keeper.ts, never by hand. */
import { parentPort } from '../process/child.ts';
import { Peer } from '../process/rpc.ts';
import { openKept, type Store } from './kept.ts';
import { getSchema, putSchema } from './requests.ts';

const stores = new Map<string, Store>();
function storeAt(path: string): Store {
  const found = stores.get(path) ?? openKept(path);
  stores.set(path, found);
  return found;
}

new Peer(parentPort(), {
  get: async (args) => {
    const { path, keys } = getSchema.parse(args);
    const store = storeAt(path);
    return keys.map((key) => store.get(key) ?? null);
  },
  put: async (args) => {
    const { path, entries } = putSchema.parse(args);
    const store = storeAt(path);
    for (const [key, value] of entries) store.put(key, value);
    store.flush();
  },
});
