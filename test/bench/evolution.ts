/** Evolution beside the gradient, on the same drawing, prompt and objective: how many pictures the model must look at to reach the same score. */

import { usualPopulation } from '../../core/guidance/snes.ts';
import { Engine, guidanceSettingsSchema, parsePrompt, readyDrawer, strokes } from '../../core/index.ts';

const CROPS = 6;
/** A gradient step counts its crops three times: once forwards, twice for the way back. */
const GRADIENT_COUNTS = 3;
const SMOOTHED = 10;

export async function benchEvolution(steps: number): Promise<Record<string, number>> {
  const engine = new Engine();
  const drawer = readyDrawer(strokes, {}, 1, { preview: 96, output: 128 });
  const scores = async (optimiser: 'adam' | 'evolution', count: number): Promise<number[]> => {
    const found: number[] = [];
    for await (const event of engine.guide({
      run: 'evolution',
      drawer,
      prompts: parsePrompt('a red heart'),
      settings: guidanceSettingsSchema.parse({ steps: count, crops: CROPS, optimiser, frameEvery: 0 }),
    }))
      if (event.type === 'step') found.push(event.cosines[0] ?? 0);
    return found.map((_, i) => {
      const last = found.slice(Math.max(0, i - SMOOTHED + 1), i + 1);
      return last.reduce((a, b) => a + b) / last.length;
    });
  };
  const evolved = await scores('evolution', steps);
  const reached = evolved.at(-1) ?? 1;
  const first = evolved.findIndex((s) => s >= reached) + 1;
  const descended = await scores('adam', 330);
  const needed = descended.findIndex((s) => s >= reached) + 1;
  await engine.close();
  const dimension = drawer.parameters.reduce((sum, p) => sum + p.start.length, 0);
  const byEvolution = first * CROPS * usualPopulation(dimension);
  const byGradient = needed * CROPS * GRADIENT_COUNTS;
  return {
    evolution_score_reached: reached,
    evolution_encodings: byEvolution,
    gradient_encodings_to_the_same_score: byGradient,
    evolution_times_gradient: byEvolution / byGradient,
  };
}
