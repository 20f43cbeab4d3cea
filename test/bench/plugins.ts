/** What the plugins reach on pictures that the embedded model was not trained on, and what search takes on many. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Engine,
  type HostServices,
  listPictures,
  loadRegistry,
  type PluginEvent,
  runPlugin,
} from '../../core/index.ts';
import { detectedCentres, heatInside } from '../support/seen.ts';
import { rowsOf, unpacked } from './data-set.ts';
import { withFolder } from './folders.ts';

const CONCEPTS = 300;

export const servicesOf = (engine: Engine, kept: string): HostServices => ({
  engine,
  pictures: async (fields) =>
    (await Promise.all(fields.map((f) => listPictures(f)))).flatMap((l) => l.paths).map((path) => ({ path })),
  read: async () => new Uint8Array(),
  model: async (name) => name,
  folder: async () => kept,
  generate: async () => [],
  log: () => undefined,
});

type Of<T extends PluginEvent['type']> = Extract<PluginEvent, { type: T }>;

/** Recall at 1 and 5 of classify and search, on the validation pictures of the commonest concepts. */
export async function benchRecall(data: string): Promise<Record<string, number>> {
  const rows = await rowsOf(data, (r) => r.split === 'val' && !r.noisy);
  const counts = new Map<string, number>();
  for (const { core } of rows) counts.set(core, (counts.get(core) ?? 0) + 1);
  const labels = [...counts]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, CONCEPTS)
    .map(([core]) => core);
  const wanted = rows.filter((r) => labels.includes(r.core));
  const engine = new Engine();
  const registry = await loadRegistry();
  const figures = await withFolder(async (folder) => {
    const paths = await unpacked(data, wanted, join(folder, 'pictures'));
    const coreOf = new Map(paths.map((path, i) => [path, wanted[i]?.core ?? '']));
    const services = servicesOf(engine, join(folder, 'kept'));
    const listed = new Map<string, string[]>();
    const classify = { pictures: [join(folder, 'pictures')], labels };
    for await (const event of runPlugin(registry.find('classify'), classify, services).events)
      if (event.type === 'table')
        for (const [picture = '', , label = ''] of event.rows)
          listed.set(String(picture), [...(listed.get(String(picture)) ?? []), String(label)]);
    const share = (n: number): number =>
      [...listed].filter(([path, found]) => found.slice(0, n).includes(coreOf.get(path) ?? '')).length / listed.size;
    const { hits, milliseconds } = await searched(registry, services, join(folder, 'pictures'), labels, coreOf);
    return {
      pictures: listed.size,
      concepts: labels.length,
      classify_recall_at_1: share(1),
      classify_recall_at_5: share(5),
      search_recall_at_1: hits(1),
      search_recall_at_5: hits(5),
      search_milliseconds_warm: milliseconds,
    };
  });
  await engine.close();
  return figures;
}

/** One run of search that stays, asked one query after the other. */
async function searched(
  registry: Awaited<ReturnType<typeof loadRegistry>>,
  services: HostServices,
  pictures: string,
  queries: readonly string[],
  coreOf: ReadonlyMap<string, string>,
): Promise<{ hits(n: number): number; milliseconds: number }> {
  const run = runPlugin(
    registry.find('search'),
    { query: queries[0], pictures: [pictures], best: 5, stay: true },
    services,
  );
  const answers: string[][] = [];
  const times: number[] = [];
  let asked = performance.now();
  for await (const event of run.events) {
    if (event.type !== 'ranking') continue;
    times.push(performance.now() - asked);
    answers.push((event as Of<'ranking'>).items.map((i) => coreOf.get(i.picture) ?? ''));
    const next = queries[answers.length];
    asked = performance.now();
    await run.steer(next === undefined ? { control: 'finish' } : { prompt: next });
  }
  const sorted = times.slice(1).sort((a, b) => a - b);
  return {
    hits: (n) => answers.filter((found, i) => found.slice(0, n).includes(queries[i] ?? '')).length / answers.length,
    milliseconds: sorted[sorted.length >> 1] ?? Number.NaN,
  };
}

/** Resident memory of this process and all below it, in MB. */
function memory(): number {
  const parents = new Map<number, { parent: number; pages: number }>();
  for (const name of readdirSync('/proc').filter((n) => /^\d+$/.test(n))) {
    try {
      const [, , , parent] = /^(\d+) \((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? [];
      const pages = Number(readFileSync(`/proc/${name}/statm`, 'utf8').split(' ')[1]);
      parents.set(Number(name), { parent: Number(parent), pages });
    } catch {
      // It has ended.
    }
  }
  const below = (pid: number): boolean => {
    for (let at: number | undefined = pid; at && at > 1; at = parents.get(at)?.parent)
      if (at === process.pid) return true;
    return false;
  };
  return [...parents].reduce((sum, [pid, { pages }]) => sum + (below(pid) ? pages * 4096 : 0), 0) / 1e6;
}

/** What indexing many pictures takes, and a query afterwards. */
export async function benchSearch(data: string, count: number): Promise<Record<string, number>> {
  const rows = (await rowsOf(data, () => true)).slice(0, count);
  const engine = new Engine();
  const registry = await loadRegistry();
  const figures = await withFolder(async (folder) => {
    await unpacked(data, rows, join(folder, 'pictures'));
    const services = servicesOf(engine, folder);
    await engine.captions();
    const before = memory();
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, memory());
    }, 250);
    const began = performance.now();
    const { milliseconds } = await searched(
      registry,
      services,
      join(folder, 'pictures'),
      Array.from({ length: 40 }, (_, i) => ['a cat', 'a red car', 'a tree at night', 'a house'][i % 4] ?? ''),
      new Map(),
    );
    const first = performance.now() - began;
    clearInterval(watch);
    const again = performance.now();
    await searched(registry, services, join(folder, 'pictures'), ['a boat'], new Map());
    return {
      indexed_pictures: rows.length,
      seconds_to_index: first / 1000,
      seconds_when_nothing_changed: (performance.now() - again) / 1000,
      memory_growth_mb: most - before,
      memory_most_mb: most,
      warm_query_milliseconds: milliseconds,
    };
  });
  await engine.close();
  return figures;
}

/** What detect and explain find in composites of two and of four things, beside chance. */
export function benchSeen(many: number): Promise<Record<string, number>> {
  return withFolder(async (folder) => {
    const engine = new Engine();
    const figures: Record<string, number> = {};
    for (const things of [2, 4] as const) {
      const looked = { services: servicesOf(engine, folder), folder, things, many };
      const [centres, heat] = [await detectedCentres(looked), await heatInside(looked)];
      figures[`detect_centres_inside_of_${things}`] = centres.found;
      figures[`detect_beside_chance_of_${things}`] = centres.found / centres.chance;
      figures[`explain_heat_inside_of_${things}`] = heat.found;
      figures[`explain_beside_area_of_${things}`] = heat.found / heat.chance;
    }
    await engine.close();
    return figures;
  });
}
