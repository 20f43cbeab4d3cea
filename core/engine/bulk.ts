/** Many pictures over several processes, each with a core or more to itself: decoding in one goes on while another's model runs. */
import os from 'node:os';
import type { PictureBatch } from './picture-batch.ts';
import type { PictureSource } from './requests.ts';

/** From so many pictures on, starting more processes pays. */
export const BULK_FROM = 256;
const CHUNK = 32;
/** Chunks that a process is given ahead of the one that is waited for. */
const AHEAD = 2;
const MOST_WORKERS = 4;
const MEMORY_EACH = 3 * 2 ** 30;

/** As many processes as cores, up to four, and no more than there is memory for. */
export const defaultWorkers = (): number =>
  Math.max(1, Math.min(os.availableParallelism(), MOST_WORKERS, Math.floor(os.freemem() / MEMORY_EACH)));

export const threadsEach = (workers: number): number => Math.max(1, Math.floor(os.availableParallelism() / workers));

type Embed = (pictures: readonly PictureSource[]) => AsyncGenerator<PictureBatch>;

async function collected(embed: Embed, pictures: readonly PictureSource[], from: number): Promise<PictureBatch[]> {
  const found: PictureBatch[] = [];
  for await (const batch of embed(pictures.slice(from, from + CHUNK)))
    found.push({
      ...batch,
      indices: batch.indices.map((i) => i + from),
      failures: batch.failures.map((f) => ({ ...f, index: f.index + from })),
    });
  return found;
}

/** Batches in the order of the pictures, worked out by all of `workers` in turn. */
export async function* inParallel(
  workers: readonly Embed[],
  pictures: readonly PictureSource[],
): AsyncGenerator<PictureBatch> {
  const begun: Promise<PictureBatch[]>[] = [];
  let next = 0;
  for (;;) {
    while (next * CHUNK < pictures.length && begun.length < workers.length * AHEAD) {
      const embed = workers[next % workers.length];
      if (!embed) return;
      const chunk = collected(embed, pictures, next * CHUNK);
      // One that fails while an earlier one is waited for is told when its turn comes.
      chunk.catch(() => undefined);
      begun.push(chunk);
      next += 1;
    }
    const first = begun.shift();
    if (!first) return;
    yield* await first;
  }
}
