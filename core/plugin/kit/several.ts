/** Several drawings as one run: their events follow each other on one axis. */
import type { PluginEvent } from '../events.ts';

/** The events of the part-th of so many drawings of as many steps; checkpoints, which hold one drawing alone, are left out. */
export async function* partOf(
  events: AsyncIterable<PluginEvent>,
  { part, parts, steps }: { readonly part: number; readonly parts: number; readonly steps: number },
): AsyncGenerator<PluginEvent> {
  for await (const event of events) {
    if (event.type === 'progress') yield { ...event, done: part * steps + event.done, total: parts * steps };
    else if (event.type === 'chart') yield { ...event, x: part * steps + event.x };
    else if (event.type !== 'checkpoint') yield event;
  }
}
