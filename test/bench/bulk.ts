/** Many pictures and many rows: tensors against the bare session, files to embeddings against transformers.js, and exact ranking. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { ClipModel } from '../../core/clip/model.ts';
import { float32, openFile } from '../../core/graph/session.ts';
import { Engine } from '../../core/index.ts';
import { gaussian, seeded } from '../../core/random.ts';
import { withFolder, writeTower } from './folders.ts';
import { inTurn } from './measure.ts';
import { vitB32 } from './vit-b32.ts';

const SIDE = 224;
const PICTURES = 500;
const BATCH = 16;
const [ROWS, DIMENSION] = [100_000, 512];

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Pictures a second through the product, as a share of the session's own rate at the same batch. */
export function benchTensors(rounds: number): Promise<Record<string, number>> {
  return withFolder(async (folder) => {
    const file = await writeTower(folder, vitB32(BATCH), SIDE);
    const threads = availableParallelism();
    const model = await ClipModel.open(folder, { threads });
    const session = await openFile(file, { threads });
    const random = seeded(1);
    const pixels = Float32Array.from({ length: 4 * BATCH * 3 * SIDE * SIDE }, () => gaussian(random));
    const each = pixels.length / 4;
    const [ours = 0, bare = 0] = await inTurn(
      rounds,
      () => model.embedPixels(pixels, 4 * BATCH),
      async () => {
        for (let i = 0; i < 4; i++)
          await session.run({
            pixel_values: float32(pixels.subarray(i * each, (i + 1) * each), [BATCH, 3, SIDE, SIDE]),
          });
      },
    );
    return {
      tensors_pictures_per_second: (4000 * BATCH) / ours,
      tensors_pictures_per_second_bare: (4000 * BATCH) / bare,
      tensors_share_of_bare_session: bare / ours,
    };
  });
}

export async function benchRanking(searches: number): Promise<Record<string, number>> {
  const random = seeded(3);
  const data = Float32Array.from({ length: ROWS * DIMENSION }, () => random() - 0.5);
  const engine = new Engine();
  try {
    const rows = engine.neighbours({ count: ROWS, dimension: DIMENSION, data });
    let next = 0;
    const search = async (): Promise<unknown> => rows.to(data.slice(next * DIMENSION, ++next * DIMENSION), 100);
    const [found = 0] = await inTurn(searches, search);
    return { ranking_100000x512_ms: found };
  } finally {
    await engine.close();
  }
}

/** Most memory that a process holds in which a ViT-B/32 gives gradients, in MB. */
export function benchMemory(batches: readonly number[]): Promise<Record<string, number>> {
  return withFolder(async (folder) => {
    await writeTower(folder, vitB32(1), SIDE);
    const figures: Record<string, number> = {};
    for (const batch of batches) {
      const child = spawn(
        process.execPath,
        [...process.execArgv, script('memory.ts'), folder, String(batch), String(DIMENSION)],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const [line] = await once(createInterface({ input: child.stdout }), 'line');
      figures[`vit_b32_gradient_memory_mb_batch${batch}`] = Number(line) / 1000;
    }
    return figures;
  });
}

async function writePictures(folder: string): Promise<string[]> {
  const paths = Array.from({ length: PICTURES }, (_, i) => join(folder, `${i}.jpg`));
  const random = seeded(5);
  // Smooth forms with grain over them: they compress about as photographs do.
  for (const path of paths) {
    const raw = Buffer.from(Uint8Array.from({ length: 3 * 20 * 15 }, () => 256 * random()));
    const forms = await sharp(raw, { raw: { width: 20, height: 15, channels: 3 } })
      .resize(640, 480, { kernel: 'cubic' })
      .raw()
      .toBuffer();
    const grained = Uint8Array.from(forms, (v) => Math.min(255, Math.max(0, v + 12 * gaussian(random))));
    await sharp(grained, { raw: { width: 640, height: 480, channels: 3 } })
      .jpeg({ quality: 85 })
      .toFile(path);
  }
  return paths;
}

/** Files to embeddings with the model in a folder, beside transformers.js (the file that `import` finds it by). */
export function benchFiles(
  transformers: string,
  name: string,
  model: string,
  rounds: number,
): Promise<Record<string, number>> {
  return withFolder(async (folder) => {
    const paths = await writePictures(folder);
    const list = join(folder, 'list.json');
    await writeFile(list, JSON.stringify(paths));
    const child = spawn(
      process.execPath,
      [script('transformers.mjs'), pathToFileURL(transformers).href, model, list, String(BATCH)],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const theirs = (size: number) => async (): Promise<void> => {
      child.stdin.write(`${size}\n`);
      if ((await lines.next()).done) throw new Error('transformers.js stopped');
    };
    const engine = new Engine({ model });
    const ours = async (): Promise<void> => {
      await engine.embedAll(paths.map((path) => ({ path })));
    };
    try {
      const [mine = 0, single = 0, batched = 0] = await inTurn(rounds, ours, theirs(1), theirs(BATCH));
      return {
        [`files_${name}_pictures_per_second`]: (1000 * PICTURES) / mine,
        [`files_${name}_times_transformers_js_one_by_one`]: single / mine,
        [`files_${name}_times_transformers_js_in_batches`]: batched / mine,
      };
    } finally {
      child.kill();
      await engine.close();
    }
  });
}
