/** Runs of a drawer by itself, with what it scored on its way. */
import type { z } from 'zod';
import {
  type Drawer,
  type Engine,
  type GuideEvent,
  guidanceSettingsSchema,
  parsePrompt,
  readyDrawer,
  type Sizes,
} from '../../core/index.ts';

type Picture = Extract<GuideEvent, { type: 'picture' }>;

export const drawings =
  (engine: Engine) =>
  async <S extends z.ZodType>(
    drawer: Drawer<S>,
    prompt: string,
    {
      sizes = { preview: 64, output: 96 },
      given = {},
      ...settings
    }: { sizes?: Sizes; given?: object; [name: string]: unknown },
  ): Promise<{ scores: number[]; picture: Picture }> => {
    const scores: number[] = [];
    let picture: Picture | undefined;
    const ready = readyDrawer(drawer, given as z.input<S>, 1, sizes);
    for await (const event of engine.guide({
      run: 'drawers',
      drawer: ready,
      prompts: parsePrompt(prompt),
      settings: guidanceSettingsSchema.parse({ steps: 60, crops: 2, frameEvery: 0, ...settings }),
    })) {
      if (event.type === 'step') scores.push(event.cosines[0] ?? 0);
      if (event.type === 'picture') picture = event;
    }
    if (!picture) throw new Error('no picture came out');
    return { scores, picture };
  };
