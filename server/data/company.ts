/** Who uses a data folder: one process alone, or several that share a Redis. */
import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { failure, takeLock } from '../../core/index.ts';

const own = (data: string): string => join(data, '.lock');
const shared = (data: string): string => join(data, '.shared');

export interface Use {
  /** Whether who used it alone before ended without saying so. */
  readonly wasLeft: boolean;
  readonly release: () => Promise<unknown>;
}

async function taken(path: string, data: string): Promise<Use> {
  const lock = await takeLock(path);
  if ('heldBy' in lock) throw failure('DATA_IN_USE', { folder: data, pid: lock.heldBy });
  return lock;
}

/** Nobody else uses it until this is released. Throws DATA_IN_USE. */
export async function useAlone(data: string): Promise<Use> {
  const use = await taken(own(data), data);
  try {
    for (const name of await readdir(shared(data)).catch(() => [] as string[]))
      if (name.endsWith('.lock')) await (await taken(join(shared(data), name), data)).release();
    return use;
  } catch (thrown) {
    await use.release();
    throw thrown;
  }
}

/** Others may use it too, and nobody alone. Throws DATA_IN_USE. */
export async function useTogether(data: string): Promise<Use> {
  const use = await taken(join(shared(data), `${randomUUID()}.lock`), data);
  try {
    await (await taken(own(data), data)).release();
    return use;
  } catch (thrown) {
    await use.release();
    throw thrown;
  }
}
