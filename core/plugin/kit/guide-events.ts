/** A guidance run as a plugin's events: frames, a score chart, progress and the finished picture; steering goes to the run. */
import { messageOf } from '../../errors.ts';
import { parsePrompt } from '../../guidance/prompt.ts';
import type { GuideRequest } from '../../guidance/protocol.ts';
import type { PluginContext } from '../define.ts';
import type { PluginEvent } from '../events.ts';

/** `title` names the finished picture. */
export async function* guideEvents(
  { engine, signal, onSteer, random, log }: PluginContext,
  title: string,
  request: Omit<GuideRequest, 'run'>,
): AsyncGenerator<PluginEvent, void, void> {
  const run = `${title.slice(0, 60)} ${random()}`;
  let { prompts } = request;
  onSteer(({ prompt }) => {
    try {
      prompts = parsePrompt(prompt);
      engine.steer({ run, prompts }).catch((thrown: unknown) => log(messageOf(thrown)));
    } catch (thrown) {
      log(messageOf(thrown));
    }
  });
  for await (const event of engine.guide({ ...request, run }, { signal })) {
    if (event.type === 'step') {
      yield { type: 'progress', done: event.step, total: event.steps };
      const named = (values: readonly number[]): Record<string, number> =>
        Object.fromEntries(values.map((v, i) => [prompts[i]?.text ?? `prompt ${i + 1}`, v]));
      yield { type: 'chart', x: event.step, series: named(event.cosines), percentiles: named(event.percentiles) };
    } else if (event.type === 'frame') {
      yield {
        type: 'frame',
        step: event.step,
        width: event.width,
        height: event.height,
        mime: 'image/jpeg',
        bytes: event.bytes,
      };
    } else if (event.type === 'picture') {
      yield {
        type: 'picture',
        title,
        width: event.width,
        height: event.height,
        mime: 'image/png',
        bytes: event.bytes,
        record: { ...event.record },
      };
    }
  }
}
