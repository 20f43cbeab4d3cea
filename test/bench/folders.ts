/** Model folders that benchmarks make for themselves, gone when the work is done. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Graph } from '../../core/graph/index.ts';
import { writeOnnx } from '../../core/graph/index.ts';

export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'lodestone-bench-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Settings beside a vision tower so that the folder opens as a CLIP that sees squares of `side` pixels. */
export async function writeTowerSettings(folder: string, side: number): Promise<void> {
  await writeFile(join(folder, 'config.json'), JSON.stringify({ model_type: 'clip' }));
  await writeFile(
    join(folder, 'preprocessor_config.json'),
    JSON.stringify({
      image_processor_type: 'CLIPImageProcessor',
      do_resize: true,
      do_center_crop: true,
      do_rescale: true,
      do_normalize: true,
      size: { shortest_edge: side },
      crop_size: { height: side, width: side },
      resample: 3,
      image_mean: [0.48145466, 0.4578275, 0.40821073],
      image_std: [0.26862954, 0.26130258, 0.27577711],
    }),
  );
}

export async function writeTower(folder: string, graph: Graph, side: number): Promise<string> {
  const file = join(folder, 'onnx', 'vision_model.onnx');
  await mkdir(join(folder, 'onnx'), { recursive: true });
  await writeFile(file, writeOnnx(graph));
  await writeTowerSettings(folder, side);
  return file;
}
