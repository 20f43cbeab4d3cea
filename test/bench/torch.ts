/** Gradients of towers that PyTorch exports, against PyTorch's own: the same weights, in turn, in one run. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os, { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ClipModel } from '../../core/clip/model.ts';
import { writeTowerSettings } from './folders.ts';
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

export async function benchTorch(
  shape: 'vit' | 'rn50',
  dimension: number,
  rounds: readonly (readonly [batch: number, rounds: number])[],
): Promise<Record<string, number>> {
  const folder = await mkdtemp(join(tmpdir(), 'lodestone-torch-'));
  const torch = await startTorch(shape, folder);
  const figures: Record<string, number> = {};
  try {
    await writeTowerSettings(folder, SIDE);
    const model = await ClipModel.open(folder, { threads: os.availableParallelism() });
    // The mean of a unit embedding is its cosine with the diagonal, up to a factor.
    const against = { count: 1, dimension, data: new Float32Array(dimension).fill(1 / dimension) };
    for (const [batch, times] of rounds) {
      const pixels = Float32Array.from({ length: batch * 3 * SIDE * SIDE }, (_, i) => Math.sin(i));
      const weights = new Float32Array(batch).fill(1 / Math.sqrt(dimension));
      const ours = (): Promise<{ gradient: Float32Array }> => model.pixelGradient(pixels, batch, against, weights);
      const [mine = 0, theirs = 0] = await inTurn(times, ours, () => torch.pass(batch));
      const wanted = await readFile(join(folder, `gradient-${batch}.bin`));
      const { gradient } = await ours();
      const name = `${shape}_batch${batch}`;
      figures[`${name}_ms`] = mine;
      figures[`${name}_pytorch_ms`] = theirs;
      figures[`${name}_times_pytorch`] = theirs / mine;
      figures[`${name}_gradient_error`] = relativeError(gradient, new Float32Array(new Uint8Array(wanted).buffer));
    }
  } finally {
    torch.end();
    await rm(folder, { recursive: true, force: true });
  }
  return figures;
}
