/** What plugins say when nobody answers, and services that let them read. Free of the test runner, so that benchmarks use them too. */
import { type HostServices, type PluginEvent, type RegisteredPlugin, runPlugin } from '../../core/index.ts';

export async function eventsOf(
  plugin: RegisteredPlugin,
  parameters: unknown,
  services: HostServices,
  options: Parameters<typeof runPlugin>[3] = {},
): Promise<PluginEvent[]> {
  const events: PluginEvent[] = [];
  const run = runPlugin(plugin, parameters, services, options);
  for await (const event of run.events) {
    events.push(event);
    // Nobody is there to answer.
    if (event.type === 'question') await run.steer({ control: 'finish' });
  }
  return events;
}

export type Table = Extract<PluginEvent, { type: 'table' }>;
/** The table whose title fits. */
export function tableOf(events: readonly PluginEvent[], title: RegExp): Table {
  const found = events.find((e): e is Table => e.type === 'table' && title.test(e.title));
  if (!found) throw new Error(`no table is called ${title}`);
  return found;
}
