/** CLIP-guided creation: words pull on a drawing until it matches them. */
import { z } from 'zod';
import {
  definePlugin,
  fourier,
  guidanceSettingsSchema,
  guideEvents,
  parsePrompt,
  pixels,
  promptField,
  readyDrawer,
  seedField,
  sizeField,
  sizesFor,
  stepsField,
  strokes,
} from '../core/index.ts';

const settings = guidanceSettingsSchema.shape;

export default definePlugin({
  id: 'guide',
  title: 'Guide',
  description: 'Draws a picture of the prompt, stroke by stroke, under the exact gradient of CLIP.',
  version: '1.0.0',
  steerable: true,
  parameters: z.object({
    prompt: promptField(),
    drawer: z
      .enum(['strokes', 'pixels', 'fourier'])
      .default('strokes')
      .meta({ title: 'Drawer', description: 'What the picture is made of' }),
    steps: stepsField(),

    seed: seedField(),
    strokes: strokes.settings.shape.strokes,
    size: sizeField(),
    crops: settings.crops.meta({
      title: 'Crops',
      description: 'How many views CLIP takes in each step',
      advanced: true,
    }),
    contrast: settings.contrast.meta({
      title: 'Contrast',
      description: 'How much it matters to be told apart from other things',
      advanced: true,
    }),
    distance: settings.distance.meta({
      title: 'Closeness',
      description: 'How much it matters to be close to the words',
      advanced: true,
    }),
    rate: settings.rate.meta({ title: 'Boldness', description: 'Factor on the size of every move', advanced: true }),
  }),
  async *run({ prompt, drawer, seed, strokes: count, size, ...rest }, context) {
    const sizes = sizesFor(size);
    const ready = {
      strokes: () => readyDrawer(strokes, { strokes: count }, seed, sizes),
      pixels: () => readyDrawer(pixels, {}, seed, sizes),
      fourier: () => readyDrawer(fourier, {}, seed, sizes),
    };
    yield* guideEvents(context, prompt, {
      drawer: ready[drawer](),
      prompts: parsePrompt(prompt, context.random),
      settings: guidanceSettingsSchema.parse({ seed, ...rest }),
      losses: [],
    });
  },
});
