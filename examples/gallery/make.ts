/** Draws every picture of gallery.json and writes the page that shows them: `npx tsx examples/gallery/make.ts`, or with words for the titles that hold them. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { z } from 'zod';
import { Engine, loadRegistry, locateModel, type PluginEvent, runPlugin, writeWhole } from '../../core/index.ts';

const SIDE = 320;
const entry = z.record(z.string(), z.union([z.string(), z.number()]));
const gallerySchema = z.array(
  z.looseObject({ title: z.string(), pictures: z.array(z.looseObject({ prompt: z.string() })) }),
);

const here = dirname(fileURLToPath(import.meta.url));
const gallery = gallerySchema.parse(JSON.parse(await readFile(join(here, 'gallery.json'), 'utf8')));
const wanted = process.argv[2]?.toLowerCase() ?? '';
const registry = await loadRegistry();
const engine = new Engine();
const services = {
  engine,
  pictures: async () => [],
  generate: async () => [],
  read: async (path: string) => readFile(path),
  model: async (name: string) => locateModel(name),
  folder: async () => here,
  log: (line: string) => void process.stderr.write(`${line}\n`),
};

async function drawn(plugin: string, parameters: object): Promise<Uint8Array> {
  let found: Extract<PluginEvent, { type: 'picture' }> | undefined;
  for await (const event of runPlugin(registry.find(plugin), parameters, services).events)
    if (event.type === 'picture' && event.mime === 'image/png') found = event;
  if (!found) throw new Error(`${plugin} gave no picture`);
  return found.bytes;
}

const words = (value: unknown): string => (/^[\w.:-]+$/.test(String(value)) ? String(value) : `"${String(value)}"`);
const page = [
  '# Gallery',
  '',
  'Every picture here was drawn by the embedded model with the settings that stand beneath it.',
  'The page is made by `npx tsx examples/gallery/make.ts` from [gallery.json](gallery.json); beneath each picture stands the command that draws it.',
];
for (const { title, pictures, ...shared } of gallery) {
  page.push('', `## ${title}`, '', '<table><tr>');
  for (const picture of pictures) {
    const { plugin = 'guide', prompt = '', ...rest } = entry.parse({ ...shared, ...picture });
    const name = `${plugin}-${Object.values({ ...rest, prompt }).join('-')}`.replace(/[^\w]+/g, '-').slice(0, 90);
    if (title.toLowerCase().includes(wanted)) {
      const began = performance.now();
      const png = await drawn(String(plugin), { prompt, ...rest, size: 2 * SIDE });
      await writeWhole(
        join(here, `${name}.webp`),
        await sharp(png).resize(SIDE, SIDE, { fit: 'inside' }).webp({ quality: 88 }).toBuffer(),
      );
      process.stdout.write(`${name}  ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
    }
    const flags = Object.entries(rest).map(([key, value]) => ` --${key} ${words(value)}`);
    page.push(
      `<td width="25%" valign="top"><img src="${name}.webp" alt="${prompt}"><br><code>${plugin} "${prompt}"${flags.join('')}</code></td>`,
    );
  }
  page.push('</tr></table>');
}
await engine.close();
await writeWhole(join(here, 'README.md'), `${page.join('\n')}\n`);
