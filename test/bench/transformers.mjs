/** The transformers.js side: `transformers.mjs MODULE MODEL LIST`; embeds the listed pictures once for each line, so many at once as the line says. */
import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { createInterface } from 'node:readline';

const [module, model, list] = process.argv.slice(2);
const { AutoProcessor, CLIPVisionModelWithProjection, env, RawImage } = await import(module);
env.allowRemoteModels = false;
env.localModelPath = dirname(model);
const processor = await AutoProcessor.from_pretrained(basename(model));
const tower = await CLIPVisionModelWithProjection.from_pretrained(basename(model), { dtype: 'fp32' });
const paths = JSON.parse(await readFile(list, 'utf8'));
for await (const line of createInterface({ input: process.stdin })) {
  const size = Number(line);
  for (let from = 0; from < paths.length; from += size) {
    const pictures = await Promise.all(paths.slice(from, from + size).map((path) => RawImage.read(path)));
    await tower(await processor(pictures));
  }
  process.stdout.write('done\n');
}
