/** Ranks pictures by how well they fit a prompt: a folder, addresses or fresh generations, best first, alike ones apart if that is wished. */
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import type { PluginContext, PluginEvent, Prompt, PromptTargets, ScoredPicture } from '../core/index.ts';
import {
  answers,
  csvOf,
  decodePicture,
  decodeText,
  definePlugin,
  dot,
  failure,
  guidanceSettingsSchema,
  guideEvents,
  jointStanding,
  meanRow,
  noneReadable,
  parsePreference,
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
  stacked,
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
  picks: z.string().max(4096).default('').meta({
    title: 'Picks',
    description: 'Your taste beside the words: the picks.json that "curate" gave',
  }),
  taste: z.number().min(0).max(10).default(1).meta({
    title: 'Taste',
    description: 'How much your taste counts beside the words, both in standard deviations over these pictures',
    advanced: true,
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

/** How each is liked in the light of picks: the utility beside the mean picture, less its uncertainty, so that what is not known is not praised. */
async function likings(
  items: readonly ScoredPicture[],
  file: string,
  { engine, read, signal }: PluginContext,
): Promise<number[]> {
  const { model, weights, variances } = parsePreference(decodeText(await read(file), file), file);
  if (model !== (await engine.info({ signal })).hash)
    throw failure('PREFERENCE_INVALID', { where: file, what: 'it was learned with another model' });
  const dimension = weights.length;
  const mean = meanRow(stacked(items.map(({ embedding: data }) => ({ count: 1, dimension, data }))));
  return items.map(({ embedding }) => {
    let [utility, variance] = [0, 0];
    for (const [d, v] of embedding.entries()) {
      const apart = v - (mean[d] ?? 0);
      utility += (weights[d] ?? 0) * apart;
      variance += (variances[d] ?? 0) * apart * apart;
    }
    return utility - Math.sqrt(variance);
  });
}
/** In standard deviations from their mean; all 0 where they are all alike. */
function standardised(values: readonly number[]): number[] {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const spread = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
  return values.map((v) => (spread > 0 ? (v - mean) / spread : 0));
}

/** So long it may keep the thread before others have their turn, in milliseconds. */
const TURN_MS = 50;
/** The order of maximal marginal relevance (Carbonell and Goldstein, 1998): each next is good, and unlike those before. Throws what the signal aborts with. */
async function* spread(
  items: readonly ScoredPicture[],
  diversity: number,
  count: number,
  signal: AbortSignal,
): AsyncGenerator<PluginEvent, ScoredPicture[]> {
  const rest = items.toSorted((a, b) => b.score - a.score || (pictureName(a.source) < pictureName(b.source) ? -1 : 1));
  if (diversity === 0) return rest.slice(0, count);
  const [least, most] = [rest.at(-1)?.score ?? 0, rest[0]?.score ?? 0];
  const left = rest.map((item) => ({ item, stands: (item.score - least) / Math.max(1e-6, most - least), nearest: 0 }));
  const kept: ScoredPicture[] = [];
  let turn = performance.now();
  while (kept.length < count && left.length > 0) {
    const value = (one: (typeof left)[number]): number => (1 - diversity) * one.stands - diversity * one.nearest;
    const best = left.reduce((a, b) => (value(b) > value(a) ? b : a));
    left.splice(left.indexOf(best), 1);
    kept.push(best.item);
    for (const one of left) one.nearest = Math.max(one.nearest, dot(one.item.embedding, best.item.embedding));
    if (performance.now() - turn < TURN_MS) continue;
    yield { type: 'progress', done: kept.length, total: count, label: 'keeping alike ones apart' };
    await setImmediate();
    signal.throwIfAborted();
    turn = performance.now();
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
      ...names.map((_, k) => ((item.cosines[k] ?? 0) * (weights[k] ?? 0)) / total),
    ]),
  };
}

/** Both in standard deviations over these pictures; the liking stands beside the cosines. */
function withTaste(items: readonly ScoredPicture[], liked: readonly number[], weight: number): ScoredPicture[] {
  const [fits, likes] = [standardised(items.map(({ score }) => score)), standardised(liked)];
  return items.map((item, i) => ({
    ...item,
    score: (fits[i] ?? 0) + weight * (likes[i] ?? 0),
    cosines: [...item.cosines, liked[i] ?? 0],
  }));
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
  version: '3.1.0',
  group: 'find',
  about:
    'Puts generations in order, whether they come from a folder, from addresses or fresh from a text-to-image service (its token in HF_TOKEN; busy services are asked again). Several prompts with weights make one score, and a table says what each adds. Picks of "curate" count beside the words, with their uncertainty taken off. Diversity keeps alike pictures apart. "Refine" draws on from the best picture under the same prompt.',
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
    const liked = p.picks ? await likings(others, p.picks, context) : undefined;
    const stands = liked && withTaste(others, liked, p.taste);
    const count = best > 0 ? Math.min(best, others.length) : others.length;
    const order = yield* spread(stands ?? others, diversity, count, signal);
    const columns = [...targets.names, ...(liked ? ['taste'] : [])];
    yield {
      type: 'ranking',
      title: liked
        ? `How well each fits "${prompt}" and your picks (standard deviations; the words' cosines and your liking beside)`
        : `How well each fits "${prompt}" (cosine, and the percent of everyday things that fit it less)`,
      columns,
      items: order.map(rankedItem),
    };
    if (targets.names.length > 1) yield reasons(order, targets);
    yield reportEvent(
      'ranking.csv',
      'text/csv',
      csvOf(
        ['place', 'picture', 'score', 'percentile', ...columns],
        order.map((item, i) => [i + 1, pictureName(item.source), item.score, item.percentile ?? '', ...item.cosines]),
      ),
    );
    if (p.refine > 0 && order[0]) yield* refined(order[0], prompts, p, context);
  },
});
