/** Model folders that benchmarks make for themselves. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Settings beside a graph so that the folder opens as a CLIP that sees squares of `side` pixels. */
export async function writeTowerSettings(folder: string, side: number): Promise<void> {
  await writeFile(join(folder, 'config.json'), JSON.stringify({ model_type: 'clip' }));
  await writeFile(
    join(folder, 'preprocessor_config.json'),
    JSON.stringify({ size: { shortest_edge: side }, crop_size: { height: side, width: side }, resample: 3 }),
  );
}
