/** Several drawings as one run: their steps are counted through, so that steering, going back and replay name the same ones. */
import { z } from 'zod';
import type { PluginContext } from '../define.ts';
import type { PluginEvent } from '../events.ts';

const recordSchema = z.looseObject({
  steps: z.int().nonnegative().default(0),
  script: z.array(z.object({ step: z.int().nonnegative(), change: z.unknown() })).default([]),
});
type Entries = z.output<typeof recordSchema>['script'];

export class Several {
  private readonly context: PluginContext;
  private readonly parts: number;
  private readonly steps: number;
  /** What was changed in the drawings that are done. */
  private done: Entries = [];

  /** So many drawings, each of as many steps. */
  constructor(context: PluginContext, { parts, steps }: { readonly parts: number; readonly steps: number }) {
    this.context = context;
    this.parts = parts;
    this.steps = steps;
  }

  /** The next drawing, the part-th. Its events count steps through all; checkpoints, which hold one drawing alone, are left out. */
  async *part(
    part: number,
    draw: (context: PluginContext) => AsyncIterable<PluginEvent>,
  ): AsyncGenerator<PluginEvent, void, void> {
    const from = part * this.steps;
    let own: Entries = [];
    for await (const event of draw(this.within(from))) {
      if (event.type === 'checkpoint') continue;
      if (event.type === 'picture') {
        const { steps, script, ...record } = recordSchema.parse(event.record ?? {});
        // What is asked after the last step changes nothing, and would be the next drawing's.
        own = script.flatMap((e) => (e.step < this.steps ? [{ ...e, step: from + e.step }] : []));
        yield { ...event, record: { ...record, steps: from + steps, script: [...this.done, ...own] } };
      } else yield this.counted(event, from);
    }
    this.done = [...this.done, ...own];
  }

  private counted(event: PluginEvent, from: number): PluginEvent {
    if (event.type === 'progress') return { ...event, done: from + event.done, total: this.parts * this.steps };
    if (event.type === 'chart') return { ...event, x: from + event.x };
    return 'step' in event ? { ...event, step: from + event.step } : event;
  }

  /** The context of a drawing that begins after so many steps of those before it. */
  private within(from: number): PluginContext {
    const { script, onSteer } = this.context;
    return {
      ...this.context,
      script: script.flatMap((e) =>
        e.step >= from && e.step < from + this.steps ? [{ ...e, step: e.step - from }] : [],
      ),
      onSteer: (listener) =>
        onSteer((steer) =>
          listener(steer.rewind === undefined ? steer : { ...steer, rewind: Math.max(0, steer.rewind - from) }),
        ),
    };
  }
}
