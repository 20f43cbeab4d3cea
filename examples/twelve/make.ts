/** Draws twelve everyday prompts with the default settings and one seed, through the guide plugin, and puts them on one sheet. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { contactSheet, Engine, loadRegistry, locateModel, runPlugin, writeWhole } from '../../core/index.ts';

const PROMPTS = {
  heart: 'a red heart',
  sun: 'the sun',
  tree: 'a tree',
  fish: 'a fish',
  house: 'a house',
  star: 'a yellow star',
  apple: 'a red apple',
  'cat-face': 'a cat face',
  sailboat: 'a sailboat',
  mushroom: 'a red mushroom',
  moon: 'a crescent moon',
  flower: 'a flower',
};

const SEED = 3;
const here = dirname(fileURLToPath(import.meta.url));

const engine = new Engine();
const guide = (await loadRegistry()).find('guide');
const services = {
  engine,
  pictures: async () => [],
  generate: async () => [],
  read: async (path: string) => readFile(path),
  model: async (name: string) => locateModel(name),
  folder: async () => here,
  log: (line: string) => void process.stderr.write(`${line}\n`),
};
const tiles: Uint8Array[] = [];
for (const [name, prompt] of Object.entries(PROMPTS)) {
  const began = performance.now();
  for await (const event of runPlugin(guide, { prompt, seed: SEED }, services).events) {
    if (event.type !== 'picture' || event.mime !== 'image/png') continue;
    await writeWhole(join(here, `${name}.png`), event.bytes);
    tiles.push(event.bytes);
  }
  process.stdout.write(`${name.padEnd(10)} ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
}
await engine.close();

const { bytes: sheet } = await contactSheet(tiles, { columns: 6, tile: 256, gap: 8 });
await writeWhole(join(here, 'contact-sheet.png'), await sharp(sheet).png({ palette: true, quality: 92 }).toBuffer());
