/** Weights that were left in their files, read into the graph: a graph of several models' towers cannot refer to several folders. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { failure } from '../errors.ts';
import { bytesFor, type Initialiser, sizeOf } from '../graph/types.ts';
import type { Tower } from './towers.ts';

const CHUNK = 2 ** 30;
/** More than a file of ONNX's can hold (protobuf ends at 2 GiB), less room for all that is no weight. */
const WEIGHTS_LIMIT = 2 ** 31 - 2 ** 26;

/** The tower with all its weights in memory. */
export async function withWeights(tower: Tower, folder: string): Promise<Tower> {
  const initialisers = new Map<string, Initialiser>();
  const bytes = [...tower.graph.initialisers.values()].reduce((sum, c) => sum + bytesFor(c.dtype, sizeOf(c.shape)), 0);
  if (bytes > WEIGHTS_LIMIT)
    throw failure('MODEL_BROKEN', {
      file: folder,
      what: `its image tower holds ${(bytes / 2 ** 30).toFixed(1)} GiB, and models that guide together hold at most 2; let it guide alone, or choose a quantised --variant`,
    });
  for (const [name, constant] of tower.graph.initialisers) initialisers.set(name, await filled(constant, folder));
  return { ...tower, graph: { ...tower.graph, initialisers } };
}

async function filled({ bytes, origin, ...type }: Initialiser, folder: string): Promise<Initialiser> {
  if (bytes) return { ...type, bytes };
  if (!origin) return type;
  const file = await open(join(folder, origin.file));
  try {
    const read = new Uint8Array(origin.length);
    // One call gives what it likes, and never more than two gigabytes.
    for (let at = 0; at < read.byteLength; ) {
      const { bytesRead } = await file.read(read, at, Math.min(CHUNK, read.byteLength - at), origin.offset + at);
      if (bytesRead === 0)
        throw failure('MODEL_BROKEN', {
          file: join(folder, origin.file),
          what: `it ends ${read.byteLength - at} bytes before the weights that it should hold; fetch it again`,
        });
      at += bytesRead;
    }
    return { ...type, bytes: read };
  } finally {
    await file.close();
  }
}
