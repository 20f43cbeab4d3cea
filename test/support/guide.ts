/** Short runs of the plugin `guide`. */
import { type Engine, loadRegistry, type PluginEvent } from '../../core/index.ts';
import { eventsOf, servicesOf } from './services.ts';

export const guide = (await loadRegistry()).find('guide');

export const guideRuns =
  (engine: Engine) =>
  (parameters: object): Promise<PluginEvent[]> =>
    eventsOf(guide, { prompt: 'a red heart', steps: 3, size: 64, tidy: 0, ...parameters }, servicesOf(engine));

export const picturesAmong = (events: readonly PluginEvent[]) =>
  events.flatMap((e) => (e.type === 'picture' ? [e] : []));
