/** Whether verdicts hold on pictures that the model was not trained on: what detect finds, what interrogate names, and how often moderate is wrong. */
import { join } from 'node:path';
import {
  Engine,
  loadRegistry,
  type PluginEvent,
  parsePolicy,
  readyPolicy,
  row,
  runPlugin,
  STOCK_WORDS,
  seeded,
} from '../../core/index.ts';
import { bounded } from '../../plugins/moderate/allowed.ts';
import { DEFAULT_POLICY } from '../../plugins/moderate/default-policy.ts';
import { type DataRow, picked, rowsOf, unpacked } from './data-set.ts';
import { withFolder } from './folders.ts';
import { servicesOf } from './plugins.ts';

const LOOKED_IN = 40;
const ABSENT = 12;
const NAMED = 300;
const SPLITS = 20;
const ALLOWED = 200;
const ALARMS = 0.05;

const wordsIn = (row: DataRow): Set<string> =>
  new Set(
    [row.core, row.concept, ...row.captions, ...row.keywords]
      .join(' ')
      .toLowerCase()
      .match(/[a-z]+/g) ?? [],
  );

type Table = Extract<PluginEvent, { type: 'table' }>;

export async function benchVerdicts(data: string): Promise<Record<string, number>> {
  const random = seeded(17);
  const rows = (await rowsOf(data, (r) => r.split === 'val' && !r.noisy)).filter((r) => STOCK_WORDS.includes(r.core));
  const engine = new Engine();
  const registry = await loadRegistry();
  const figures: Record<string, number> = {};
  await withFolder(async (folder) => {
    const services = servicesOf(engine, join(folder, 'kept'));
    const first = async (id: string, parameters: object): Promise<Table | undefined> => {
      for await (const event of runPlugin(registry.find(id), parameters, services).events)
        if (event.type === 'table') return event;
      return undefined;
    };
    const looked = picked(rows, LOOKED_IN, random);
    const paths = await unpacked(data, looked, join(folder, 'looked'));
    let [present, absent] = [0, 0];
    for (const [i, path] of paths.entries()) {
      const own = wordsIn(looked[i] ?? rows[0] ?? ({} as DataRow));
      const others = picked(
        STOCK_WORDS.filter((word) => !word.split(' ').some((part) => own.has(part))),
        ABSENT,
        random,
      );
      const table = await first('detect', { pictures: [path], phrases: [looked[i]?.core ?? '', ...others] });
      const here = new Set(table?.rows.filter((r) => r[2] === 'here').map((r) => String(r[1])));
      if (here.has(looked[i]?.core ?? '')) present += 1;
      absent += others.filter((word) => here.has(word)).length;
    }
    figures['detect: absent words that are "here", percent'] = (100 * absent) / (LOOKED_IN * ABSENT);
    figures['detect: what is there and found, percent'] = (100 * present) / LOOKED_IN;

    const named = picked(rows, NAMED, random);
    const others = await unpacked(data, named, join(folder, 'named'));
    const table = await first('interrogate', { pictures: others, best: 1, beam: 1 });
    const said = new Map(table?.rows.map((r) => [String(r[0]), String(r[1])]));
    const isNamed = others.filter((path) => said.get(path) !== 'cannot say');
    const right = others.filter((path, i) => said.get(path)?.includes(named[i]?.core ?? ' '));
    figures['interrogate: pictures that are named, percent'] = (100 * isNamed.length) / NAMED;
    figures['interrogate: right of those that are named, percent'] = (100 * right.length) / isNamed.length;

    const judge = await readyPolicy(parsePolicy(JSON.stringify(DEFAULT_POLICY), 'default'), engine);
    // Many beside those that set a threshold, so that their own share is known well.
    const pool = await unpacked(data, await rowsOf(data, (r) => r.split === 'val'), join(folder, 'pool'));
    const every = await engine.embedAll(pool.map((path) => ({ path })));
    const open = parsePolicy(
      JSON.stringify({
        ...DEFAULT_POLICY,
        rules: DEFAULT_POLICY.rules.map((rule) => ({ ...rule, threshold: 1, certainty: 0 })),
      }),
      'open',
    );
    const all = await readyPolicy(open, engine);
    const alarms = Array.from({ length: every.count }, (_, i) =>
      Math.max(
        0,
        ...all(row(every, i))
          .filter((f) => f.unless === undefined)
          .map((f) => f.certainty),
      ),
    );
    let held = 0;
    for (let split = 0; split < SPLITS; split++) {
      const allowed = new Set(picked([...alarms.keys()], ALLOWED, random));
      const { threshold, bound } = bounded(
        alarms.filter((_, i) => allowed.has(i)),
        ALARMS,
      );
      const rest = alarms.filter((_, i) => !allowed.has(i));
      if (rest.filter((alarm) => alarm > threshold).length / rest.length <= bound) held += 1;
    }
    figures['moderate: splits of 20 in which the bound held'] = held;
    figures['moderate: pictures that fall under the default policy by itself, percent'] =
      (100 *
        Array.from({ length: every.count }, (_, i) => judge(row(every, i)).some((f) => f.falls)).filter(Boolean)
          .length) /
      every.count;
  });
  await engine.close();
  return figures;
}
