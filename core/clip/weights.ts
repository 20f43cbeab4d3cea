/** Weights that were left in their files, read into the graph: a graph of several models' towers cannot refer to several folders. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Initialiser } from '../graph/types.ts';
import type { Tower } from './towers.ts';

/** The tower with all its weights in memory. */
export async function withWeights(tower: Tower, folder: string): Promise<Tower> {
  const initialisers = new Map<string, Initialiser>();
  for (const [name, constant] of tower.graph.initialisers) initialisers.set(name, await filled(constant, folder));
  return { ...tower, graph: { ...tower.graph, initialisers } };
}

async function filled({ bytes, origin, ...type }: Initialiser, folder: string): Promise<Initialiser> {
  if (bytes) return { ...type, bytes };
  if (!origin) return type;
  const file = await open(join(folder, origin.file));
  try {
    const read = new Uint8Array(origin.length);
    await file.read(read, 0, origin.length, origin.offset);
    return { ...type, bytes: read };
  } finally {
    await file.close();
  }
}
