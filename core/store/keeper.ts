/** Stores of plugins, in a process of their own: reading a large one holds nobody else up. It starts with the first and ends a while after the last. */

import { z } from 'zod';
import { type Child, entryBeside, startChild } from '../process/child.ts';
import { Peer } from '../process/rpc.ts';
import { bytesSchema, MIB } from '../schemas.ts';

const IDLE_MS = 30_000;
const foundSchema = z.array(bytesSchema(64 * MIB).nullable());

let running: { readonly child: Child; readonly peer: Peer } | undefined;
let idle: NodeJS.Timeout | undefined;
let busy = 0;

async function asked(method: 'get' | 'put', args: unknown): Promise<unknown> {
  clearTimeout(idle);
  if (!running) {
    const child = startChild(entryBeside(import.meta.url, 'main'), { bare: true });
    const made = { child, peer: new Peer(child.port) };
    void child.ended.then(() => {
      if (running === made) running = undefined;
    });
    running = made;
  }
  const { child, peer } = running;
  child.ref();
  busy += 1;
  try {
    return await peer.call(method, args);
  } finally {
    busy -= 1;
    if (busy === 0) {
      child.unref();
      idle = setTimeout(() => child.kill(), IDLE_MS).unref();
    }
  }
}

/** What stands under the keys; null where there is nothing. */
export const keptIn = async (path: string, keys: readonly string[]): Promise<(Uint8Array | null)[]> =>
  foundSchema.parse(await asked('get', { path, keys }));

export async function keepIn(path: string, entries: readonly (readonly [string, Uint8Array])[]): Promise<void> {
  await asked('put', { path, entries });
}
