/** A plugin's error with the plugin's name. */
import { failure, LodestoneError } from '../errors.ts';
import { MIB } from '../schemas.ts';
import { HEAP_MIB, RESIDENT_LIMIT } from './limits.ts';

/** How its process ended, as far as its host knows. */
interface Ending {
  readonly silent: boolean;
  readonly greedy: boolean;
  readonly outOfHeap: boolean;
  readonly seconds: number;
  readonly cancelled: boolean;
}

/** The one place where it gets it. */
export function annotated(thrown: unknown, id: string, how: Ending): LodestoneError {
  if (how.cancelled) return failure('CANCELLED', {});
  if (how.greedy)
    return failure('PLUGIN_FAILED', { id, what: `it took more than ${RESIDENT_LIMIT / MIB} MiB of memory` });
  if (how.silent) return failure('PLUGIN_SILENT', { id, seconds: how.seconds });
  if (!(thrown instanceof LodestoneError)) return failure('PLUGIN_FAILED', { id, what: String(thrown) }, thrown);
  if (thrown.code === 'ENGINE_STOPPED' && typeof thrown.cause === 'string')
    return failure('PLUGIN_FAILED', { id, what: stoppedBy(thrown.cause, how) }, thrown);
  return thrown.code === 'INTERNAL' ? failure('PLUGIN_FAILED', { id, what: thrown.message }, thrown) : thrown;
}

const stoppedBy = (why: string, { outOfHeap }: Ending): string =>
  outOfHeap ? `it took more than ${HEAP_MIB} MiB of memory` : `its process stopped: ${why}`;
