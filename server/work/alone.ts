/** A worker by itself: takes runs from a Redis, and serves nobody. */
import { openRedisRuns } from '../redis/runs.ts';
import { startWork } from './worker.ts';
import { openWorkplace, type WorkplaceOptions } from './workplace.ts';

export interface RunningWorker {
  /** Hands back what it works on, with all that was done, and ends. */
  close(): Promise<void>;
}

/** Its data folder is that of the servers, or a copy of it that all of them see. Throws STORE_LOST, FILE_WRITE. */
export async function startWorker(options: WorkplaceOptions & { readonly redis: string }): Promise<RunningWorker> {
  const place = await openWorkplace(options, { shared: true });
  try {
    const store = await openRedisRuns(options.redis, options.logger);
    place.closing.push(() => store.close());
    // Before the first run: a model that cannot be used takes none.
    await place.engine.info();
    const working = startWork(store, place.services);
    place.closing.push(() => working.close());
    return { close: place.close };
  } catch (thrown) {
    await place.close();
    throw thrown;
  }
}
