/** What runs leave when they are killed or cancelled at random moments. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EMBEDDED, Engine, loadRegistry, plainError, type RegisteredPlugin, runPlugin } from '../../core/index.ts';
import { seeded } from '../../core/random.ts';
import { lodestone } from '../support/command-line.ts';
import { PICTURES } from '../support/composites.ts';
import { withFolder } from './folders.ts';
import { servicesOf } from './plugins.ts';

/** Kills a run of guide with SIGKILL, takes it up again, and compares what it ends with to a run that nobody disturbed. */
export function benchKills(kills: number): Promise<Record<string, number>> {
  return withFolder(async (folder) => {
    const guide = ['guide', 'a red heart -> a tree | blurry:-0.3', '--steps', '80', '--size', '128', '--seed', '5'];
    await lodestone([...guide, '--run', 'straight'], folder);
    const straight = await readFile(join(folder, 'straight/picture.png'));
    const random = seeded(11);
    let [same, resumed] = [0, 0];
    for (let i = 0; i < kills; i++) {
      const name = `killed${i}`;
      await lodestone([...guide, '--run', name], folder, 4000 * random());
      const { code, out } = await lodestone(['resume', name], folder);
      if (out.includes('goes on after step')) resumed += 1;
      const picture = await readFile(join(folder, name, 'picture.png'));
      if (code === 0 && Buffer.compare(picture, straight) === 0) same += 1;
    }
    return { killed_runs: kills, went_on_from_a_checkpoint: resumed, ended_with_the_same_bytes: same };
  });
}

/** What plugins are given, where they ask for it. */
const GIVEN: Readonly<Record<string, unknown>> = {
  pictures: [PICTURES],
  references: [PICTURES],
  prompt: 'a red heart',
  query: 'a cat',
  labels: ['a cat', 'a dog'],
  prompts: ['a cat', 'a dog'],
  phrases: ['a cat'],
  first: ['a red thing'],
  second: ['a blue thing'],
  story: 'a house\na tree',
  other: 'embedded',
  steps: 2000,
  generations: 2000,
};
/** These begin from nothing unless they are given a picture. */
const DRAWS = /^(?:guide|storyboard|sketch-.*)$/;
function parametersOf({ id, parameters }: RegisteredPlugin): Record<string, unknown> {
  const names = Object.keys((parameters as { properties?: object }).properties ?? {}); // a JSON schema of an object
  return Object.fromEntries(
    Object.entries(GIVEN).filter(([name]) => names.includes(name) && !(name === 'pictures' && DRAWS.test(id))),
  );
}

async function ended(events: AsyncIterable<unknown>): Promise<string> {
  try {
    for await (const _ of events);
    return 'done';
  } catch (thrown) {
    return plainError(thrown).code;
  }
}

/** Cancels each plugin so many times, each at a random moment, and measures how long it takes to end. */
export function benchCancel(times: number): Promise<Record<string, number>> {
  return withFolder(async (folder) => {
    const engine = new Engine();
    const services = { ...servicesOf(engine, folder), model: async () => EMBEDDED };
    const random = seeded(4);
    const took: number[] = [];
    for (const plugin of (await loadRegistry()).plugins)
      for (let k = 0; k < times; k++) {
        const abort = new AbortController();
        let asked = 0;
        const timer = setTimeout(
          () => {
            asked = performance.now();
            abort.abort();
          },
          400 + 2500 * random(),
        );
        const { events } = runPlugin(plugin, parametersOf(plugin), services, { signal: abort.signal });
        const code = await ended(events);
        clearTimeout(timer);
        if (code === 'CANCELLED') took.push(performance.now() - asked);
        else if (code !== 'done') throw new Error(`${plugin.id} ended with ${code}`);
      }
    await engine.close();
    took.sort((a, b) => a - b);
    return {
      cancelled_runs: took.length,
      milliseconds_to_end_median: took[took.length >> 1] ?? Number.NaN,
      milliseconds_to_end_worst: took.at(-1) ?? Number.NaN,
    };
  });
}
