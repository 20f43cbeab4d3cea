/** Ranks pictures by how well they fit a prompt: a folder, addresses or fresh generations, best first, alike ones apart if that is wished. */
import { z } from 'zod';
import type { PluginContext, PluginEvent, Prompt, PromptTargets, ScoredPicture } from '../core/index.ts';
import {
  answers,
  csvOf,
  decodePicture,
  definePlugin,
  dot,
  failure,
  guidanceSettingsSchema,
  guideEvents,
  jointStanding,
  noneReadable,
  parsePrompt,
  pictureName,
  picturesField,
  promptField,
  promptTargets,
  rankedItem,
  readyDrawer,
  reportEvent,
  scoredPictures,
  seedField,
  sizesFor,
  standingOf,
  strokes,
  totalOf,
} from '../core/index.ts';

const parameters = z.object({
  prompt: promptField({ description: 'What the best picture shows; parts with weights: a cat:2 | blurry:-0.5' }),
  pictures: picturesField({ description: 'Picture files, folders of them, or addresses' }).default([]),
  best: z
    .int()
    .min(0)
    .max(100_000)
    .default(0)
    .meta({ title: 'Keep', description: 'How many of the best to list; 0 lists all' }),
  diversity: z.number().min(0).max(1).default(0).meta({
    title: 'Diversity',
    description:
      'How much each should differ from those before it: 0 looks at the score alone, 1 at the difference alone',
  }),
  generate: z.int().min(0).max(64).default(0).meta({
    title: 'Generate',
    description: 'How many pictures to ask a text-to-image service for (its token in HF_TOKEN)',
    advanced: true,
  }),
  generator: z.string().min(1).max(200).default('black-forest-labs/FLUX.1-schnell').meta({
    title: 'Generator',
    description: 'The text-to-image model that is asked',
    advanced: true,
  }),
  provider: z.string().max(60).default('').meta({
    title: 'Provider',
    description: 'Who runs the generator: auto, hf-inference, fal-ai, replicate…; the service chooses when empty',
    advanced: true,
  }),
  refine: z.int().min(0).max(2000).default(0).meta({
    title: 'Refine',
    description: 'Steps of guidance that begin from the best picture; 0 for none',
    advanced: true,
  }),
  seed: seedField({ advanced: true }),
});
type Parameters = z.output<typeof parameters>;

/** The order of maximal marginal relevance (Carbonell and Goldstein, 1998): each next is good, and unlike those before. */
function spread(items: readonly ScoredPicture[], diversity: number, count: number): ScoredPicture[] {
  const rest = items.toSorted((a, b) => b.score - a.score || (pictureName(a.source) < pictureName(b.source) ? -1 : 1));
  if (diversity === 0) return rest.slice(0, count);
  const [least, most] = [rest.at(-1)?.score ?? 0, rest[0]?.score ?? 0];
  const standing = (item: ScoredPicture): number => (item.score - least) / Math.max(1e-6, most - least);
  const kept: ScoredPicture[] = [];
  const nearest = new Map(rest.map((item) => [item, 0]));
  while (kept.length < count && rest.length > 0) {
    const value = (item: ScoredPicture): number =>
      (1 - diversity) * standing(item) - diversity * (nearest.get(item) ?? 0);
    const best = rest.reduce((a, b) => (value(b) > value(a) ? b : a));
    rest.splice(rest.indexOf(best), 1);
    kept.push(best);
    for (const item of rest) nearest.set(item, Math.max(nearest.get(item) ?? 0, dot(item.embedding, best.embedding)));
  }
  return kept;
}

/** Why each stands where it does: what every part of the prompt adds to its score. */
function reasons(items: readonly ScoredPicture[], { names, weights }: PromptTargets): PluginEvent {
  const total = totalOf(weights);
  return {
    type: 'table',
    title: 'Why: what each part of the prompt adds',
    columns: ['place', 'picture', ...names],
    rows: items.map((item, i) => [
      i + 1,
      pictureName(item.source),
      ...item.cosines.map((v, k) => (v * (weights[k] ?? 0)) / total),
    ]),
  };
}

/** The best picture, worked on further under the prompt. */
async function* refined(
  best: ScoredPicture,
  prompts: readonly Prompt[],
  p: Parameters,
  context: PluginContext,
): AsyncGenerator<PluginEvent> {
  const source = best.source;
  const { width, height } = await decodePicture('path' in source ? source.path : source.bytes, pictureName(source));
  const sizes = sizesFor(512, Math.min(2, Math.max(0.5, width / height)));
  const fit = Math.min(150, Math.ceil(p.refine / 3));
  yield* guideEvents(
    context,
    `${p.prompt} from ${pictureName(source).split('/').at(-1) ?? 'the best'}`,
    {
      drawer: readyDrawer(strokes, { strokes: 200 }, p.seed, sizes),
      // As they were ranked by: wildcards are drawn once.
      prompts: [...prompts],
      settings: guidanceSettingsSchema.parse({ seed: p.seed, steps: p.refine }),
    },
    { start: { picture: source, steps: fit } },
  );
}

export default definePlugin({
  id: 'rerank',
  aliases: ['rank'],
  title: 'Rerank',
  description: 'Puts pictures in order of how well they fit the prompt.',
  version: '3.0.0',
  group: 'find',
  about:
    'Puts generations in order, whether they come from a folder, from addresses or fresh from a text-to-image service (its token in HF_TOKEN; busy services are asked again). Several prompts with weights make one score, and a table says what each adds. Diversity keeps alike pictures apart. "Refine" draws on from the best picture under the same prompt.',
  wants: ['generate'],
  parameters,
  async *run(p, context) {
    const { prompt, pictures: fields, best, diversity, generate, generator: model, provider, seed } = p;
    const prompts = parsePrompt(prompt, context.random);
    if (fields.length === 0 && generate === 0)
      throw failure('PARAMETER_INVALID', {
        plugin: 'rerank',
        what: 'after the prompt, name pictures or folders to rank, or ask for some with "generate"',
      });
    const given = fields.length > 0 ? await context.pictures(fields) : [];
    const words = prompts.filter((q) => q.weight > 0).flatMap((q) => q.targets.flat());
    const wanted = words.map((item) => item.text ?? '').join(', ');
    const asked = { prompt: wanted, count: generate, model, seed, ...(provider ? { provider } : {}) };
    const pictures = [...given, ...(generate > 0 ? await context.generate(asked) : [])];
    const targets = await promptTargets(prompts, context);
    const { engine, signal } = context;
    const fits = jointStanding(await standingOf(targets, context), targets.weights);
    const items: ScoredPicture[] = [];
    let done = 0;
    for await (const part of scoredPictures(engine.embedPictures(pictures, { signal }), pictures, targets)) {
      items.push(...part.items);
      done += part.items.length + part.notes.length;
      yield* part.notes;
      yield { type: 'progress', done, total: pictures.length };
    }
    if (items.length === 0) throw noneReadable();
    const others = answers(items, targets, fits);
    const order = spread(others, diversity, best > 0 ? best : others.length);
    yield {
      type: 'ranking',
      title: `How well each fits "${prompt}" (cosine, and the percent of everyday things that fit it less)`,
      columns: [...targets.names],
      items: order.map(rankedItem),
    };
    if (targets.names.length > 1) yield reasons(order, targets);
    yield reportEvent(
      'ranking.csv',
      'text/csv',
      csvOf(
        ['place', 'picture', 'score', 'percentile', ...targets.names],
        order.map((item, i) => [i + 1, pictureName(item.source), item.score, item.percentile ?? '', ...item.cosines]),
      ),
    );
    if (p.refine > 0 && order[0]) yield* refined(order[0], prompts, p, context);
  },
});
