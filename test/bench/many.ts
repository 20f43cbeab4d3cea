/** Ten thousand pictures through the plugins that take folders: how long, how long they are silent at most, and how soon they end when they are cancelled. In seconds, but for memory. */
import { join } from 'node:path';
import { Engine, loadRegistry, runPlugin, seeded } from '../../core/index.ts';
import { picked, rowsOf, unpacked } from './data-set.ts';
import { withFolder } from './folders.ts';
import { servicesOf } from './plugins.ts';

const CANCEL_AFTER_MS = 4000;
const seconds = (ms: number): number => ms / 1000;

export async function benchMany(data: string, count: number): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  const registry = await loadRegistry();
  await withFolder(async (folder) => {
    const rows = picked(await rowsOf(data, () => true), count, seeded(31));
    const pictures = [join(folder, 'many')];
    const [first = ''] = await unpacked(data, rows, join(folder, 'many'));
    for (const [id, parameters] of [
      ['rerank', { prompt: 'a red boat', pictures, best: 100, diversity: 0.3 }],
      ['search', { query: 'a red boat', pictures }],
      ['style-match', { references: [first], pictures, clusters: 8 }],
      ['curate', { pictures, liked: [first], questions: 0 }],
    ] as const) {
      const engine = new Engine();
      const services = servicesOf(engine, join(folder, 'kept'));
      const began = performance.now();
      let [last, silent] = [began, 0];
      for await (const _ of runPlugin(registry.find(id), parameters, services).events) {
        const now = performance.now();
        silent = Math.max(silent, now - last);
        last = now;
      }
      figures[`${id}, whole`] = seconds(last - began);
      figures[`${id}, longest silence`] = seconds(silent);
      const ending = new AbortController();
      let asked = 0;
      setTimeout(() => {
        asked = performance.now();
        ending.abort();
      }, CANCEL_AFTER_MS);
      try {
        for await (const _ of runPlugin(registry.find(id), parameters, services, { signal: ending.signal }).events);
      } catch {
        figures[`${id}, from cancel to end`] = seconds(performance.now() - asked);
      }
      await engine.close();
    }
    figures['memory of the host at the end, MB'] = process.memoryUsage().rss / 1e6;
  });
  return figures;
}
