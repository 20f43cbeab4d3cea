/** Guided steps a second with the embedded model, as a caller of the engine sees them: frames, messages between processes and all. */
import * as drawers from '../../core/guidance/drawers/index.ts';
import { type Drawer, Engine, guidanceSettingsSchema, parsePrompt, readyDrawer, strokes } from '../../core/index.ts';

/** The first steps carry the compiling of the preview. */
const WARM = 20;

export async function benchGuidance(steps: number): Promise<Record<string, number>> {
  const engine = new Engine();
  const figures: Record<string, number> = {};
  for (const [name, frameEvery] of [
    ['guided_steps_per_second', 8],
    ['guided_steps_per_second_without_frames', 0],
  ] as const) {
    let [first, last, done] = [0, 0, 0];
    const request = {
      run: 'bench',
      drawer: readyDrawer(strokes, { strokes: 128 }, 1, { preview: 192, output: 512 }),
      prompts: parsePrompt('a red heart'),
      settings: guidanceSettingsSchema.parse({ steps, crops: 8, frameEvery }),
      losses: [],
    };
    for await (const event of engine.guide(request)) {
      if (event.type !== 'step') continue;
      if (event.step === WARM) first = performance.now();
      last = performance.now();
      done = event.step - WARM;
    }
    figures[name] = (1000 * done) / (last - first);
  }
  await engine.close();
  return figures;
}

/** Steps a second of every drawer at its own settings, without frames, and the share of a step that is spent outside the session's run. */
export async function benchDrawers(steps: number): Promise<Record<string, number>> {
  const engine = new Engine();
  const figures: Record<string, number> = {};
  const { inpaint: _, ...plain } = drawers;
  for (const [id, drawer] of Object.entries(plain) as unknown as [string, Drawer][]) {
    let [first, last, done, inside] = [0, 0, 0, 0];
    for await (const event of engine.guide({
      run: 'bench',
      drawer: readyDrawer(drawer, {}, 1, { preview: 192, output: 192 }),
      prompts: parsePrompt('a red heart'),
      settings: guidanceSettingsSchema.parse({ steps, crops: 8, frameEvery: 0 }),
    })) {
      if (event.type !== 'step') continue;
      if (event.step === WARM) first = performance.now();
      if (event.step > WARM) inside += event.session;
      last = performance.now();
      done = event.step - WARM;
    }
    figures[`${id}_steps_per_second`] = (1000 * done) / (last - first);
    figures[`${id}_share_outside_the_run`] = 1 - inside / (last - first);
  }
  await engine.close();
  return figures;
}
