/** Gradients of towers that PyTorch exports, against PyTorch's own: the same weights, in turn, in one run. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ClipModel } from '../../core/clip/model.ts';
import { withFolder, writeTowerSettings } from './folders.ts';
import { inTurn, relativeError } from './measure.ts';

const script = fileURLToPath(new URL('./torch/tower.py', import.meta.url));
const python = process.env['LODESTONE_PYTHON'] ?? 'python3';
const SIDE = 224;

interface Torch {
  /** Milliseconds of one forward and backward pass. */
  pass(batch: number): Promise<number>;
  end(): void;
}

async function startTorch(shape: string, folder: string): Promise<Torch> {
  const child = spawn(python, ['-W', 'ignore', script, shape, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${python} stopped`);
    return value;
  };
  await next();
  return {
    pass: async (batch) => {
      child.stdin.write(`${batch}\n`);
      return Number(await next());
    },
    end: () => child.kill(),
  };
}

/** Whether there is a Python with PyTorch (LODESTONE_PYTHON, or python3). */
export async function hasTorch(): Promise<boolean> {
  const child = spawn(python, ['-c', 'import torch'], { stdio: 'ignore' });
  const [code] = await Promise.race([once(child, 'exit'), once(child, 'error').then(() => [1])]);
  return code === 0;
}

/** A model folder with the tower as PyTorch exports it, as long as `work` needs it. */
function withExported<T>(shape: string, work: (folder: string, torch: Torch) => Promise<T>): Promise<T> {
  return withFolder(async (folder) => {
    const torch = await startTorch(shape, folder);
    try {
      await writeTowerSettings(folder, SIDE);
      return await work(folder, torch);
    } finally {
      torch.end();
    }
  });
}

export function benchTorch(
  shape: 'vit' | 'rn50',
  dimension: number,
  tries: readonly (readonly [batch: number, rounds: number])[],
): Promise<Record<string, number>> {
  return withExported(shape, async (folder, torch) => {
    const figures: Record<string, number> = {};
    const model = await ClipModel.open(folder, { threads: availableParallelism() });
    // The mean of a unit embedding is its cosine with the diagonal, up to a factor.
    const against = { count: 1, dimension, data: new Float32Array(dimension).fill(1 / dimension) };
    for (const [batch, rounds] of tries) {
      const pixels = Float32Array.from({ length: batch * 3 * SIDE * SIDE }, (_, i) => Math.sin(i));
      await writeFile(join(folder, `pixels-${batch}.bin`), pixels);
      const weights = new Float32Array(batch).fill(1 / Math.sqrt(dimension));
      const ours = (): Promise<{ gradient: Float32Array }> => model.pixelGradient(pixels, batch, against, weights);
      const [mine = 0, theirs = 0] = await inTurn(rounds, ours, () => torch.pass(batch));
      const wanted = await readFile(join(folder, `gradient-${batch}.bin`));
      const { gradient } = await ours();
      const name = `${shape}_batch${batch}`;
      figures[`${name}_ms`] = mine;
      figures[`${name}_pytorch_ms`] = theirs;
      figures[`${name}_times_pytorch`] = theirs / mine;
      figures[`${name}_gradient_error`] = relativeError(gradient, new Float32Array(new Uint8Array(wanted).buffer));
    }
    return figures;
  });
}

/** Work on a folder with an ordinary export of a ViT-B/32. */
export const withExportedVit = <T>(work: (folder: string) => Promise<T>): Promise<T> =>
  withExported('vit', (folder) => work(folder));
