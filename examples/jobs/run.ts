/** Runs the examples offline and says what comes of them: `npx tsx examples/jobs/run.ts`, or with the ids of some plugins. What they make goes to lodestone-jobs/. */
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Engine, listPictures, loadRegistry, locateModel, runPlugin, writeWhole } from '../../core/index.ts';
import { jobs } from './jobs.ts';

const out = resolve('lodestone-jobs');
await mkdir(out, { recursive: true });
const engine = new Engine();
const registry = await loadRegistry();
const services = {
  engine,
  pictures: async (fields: readonly string[]) =>
    (await Promise.all(fields.map((field) => listPictures(field)))).flatMap(({ paths }) =>
      paths.map((path) => ({ path })),
    ),
  read: async (path: string) => readFile(path),
  model: async (name: string) => locateModel(name),
  folder: async () => out,
  generate: async () => [],
  log: (line: string) => void process.stderr.write(`${line}\n`),
};
const wanted = process.argv.slice(2);
for (const [id, parameters] of await jobs(out)) {
  if (wanted.length > 0 && !wanted.includes(id)) continue;
  process.stdout.write(`\n${id}\n`);
  let pictures = 0;
  const run = runPlugin(registry.find(id), parameters, services);
  for await (const event of run.events) {
    if (event.type === 'table')
      process.stdout.write(`${event.title}\n${event.rows.map((r) => `  ${r.join('  ')}`).join('\n')}\n`);
    else if (event.type === 'ranking')
      process.stdout.write(
        `${event.title}\n${event.items.map((i) => `  ${i.score.toFixed(3)}  ${i.picture}`).join('\n')}\n`,
      );
    else if (event.type === 'note') process.stdout.write(`${event.text}\n`);
    else if (event.type === 'file') await writeWhole(join(out, `${id}-${event.name}`), event.bytes);
    else if (event.type === 'question')
      await run.steer({ answer: { question: event.id, choice: event.choices[0] ?? '' } });
    else if (event.type === 'picture') {
      const ending = event.mime === 'image/png' ? 'png' : 'svg';
      await writeWhole(join(out, `${id}-${pictures}.${ending}`), event.bytes);
      if (ending === 'png') pictures += 1;
    }
  }
}
await engine.close();
