/** Draws twelve everyday prompts with the default settings, through the guide plugin, and puts them on one sheet. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { Engine, loadRegistry, runPlugin, writeWhole } from '../../core/index.ts';

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
const COLUMNS = 6;
const TILE = 256;
const GAP = 8;
const here = dirname(fileURLToPath(import.meta.url));

const engine = new Engine();
const guide = (await loadRegistry()).find('guide');
const services = {
  engine,
  pictures: async () => [],
  generate: async () => [],
  log: (line: string) => void process.stderr.write(`${line}\n`),
};
const tiles: Buffer[] = [];
for (const [name, prompt] of Object.entries(PROMPTS)) {
  const began = performance.now();
  for await (const event of runPlugin(guide, { prompt }, services).events) {
    if (event.type !== 'picture' || event.mime !== 'image/png') continue;
    await writeWhole(join(here, `${name}.png`), event.bytes);
    tiles.push(await sharp(event.bytes).resize(TILE, TILE).png().toBuffer());
  }
  process.stdout.write(`${name.padEnd(10)} ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
}
await engine.close();

const place = (i: number): number => GAP + i * (TILE + GAP);
const sheet = sharp({
  create: {
    width: place(COLUMNS),
    height: place(Math.ceil(tiles.length / COLUMNS)),
    channels: 3,
    background: '#e9e4d8',
  },
})
  .composite(tiles.map((input, i) => ({ input, left: place(i % COLUMNS), top: place(Math.floor(i / COLUMNS)) })))
  .png({ palette: true, quality: 92 });
await writeWhole(join(here, 'contact-sheet.png'), await sheet.toBuffer());
