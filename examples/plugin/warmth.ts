/** Puts pictures in order of how warm they feel: a prompt against its opposite. */
import { z } from 'zod';
import { definePlugin, picturesField, rankedEvents } from '../../core/index.ts';

export default definePlugin({
  id: 'warmth',
  title: 'Warmth',
  description: 'Puts the pictures that feel warmest first.',
  version: '1.0.0',
  parameters: z.object({
    pictures: picturesField(),
    best: z.int().min(0).max(1000).default(0).meta({ title: 'Keep', description: 'How many to list; 0 lists all' }),
  }),
  async *run({ pictures: fields, best }, { engine, signal, pictures: gather }) {
    const pictures = await gather(fields);
    const targets = await engine.embedLabels(['warm sunlight and fire', 'cold ice and snow'], undefined, { signal });
    const batches = engine.embedPictures(pictures, { signal });
    yield* rankedEvents(batches, {
      title: 'Warm rather than cold',
      columns: ['warm', 'cold'],
      pictures,
      targets,
      weights: [1, -1],
      best,
    });
  },
});
