/** Guided steps a second with the embedded model, as a caller of the engine sees them: frames, messages between processes and all. */
import { Engine, guidanceSettingsSchema, parsePrompt, readyDrawer, strokes } from '../../core/index.ts';

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
      // The first steps carry the compiling of the preview.
      if (event.step === 20) first = performance.now();
      last = performance.now();
      done = event.step - 20;
    }
    figures[name] = (1000 * done) / (last - first);
  }
  await engine.close();
  return figures;
}
