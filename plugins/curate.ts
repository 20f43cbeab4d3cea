/** Learns what a person likes from answers to "which of these two?", asks what tells most, ranks by it, and keeps it for guidance. */
import { z } from 'zod';
import type { Answer, Embeddings, PictureSource, PluginContext, PluginEvent, Taste } from '../core/index.ts';
import {
  decodeText,
  definePlugin,
  failure,
  fileEvent,
  foretold,
  Inbox,
  learnTaste,
  nextPair,
  noneReadable,
  oftenInWords,
  pairKey,
  pictureName,
  picturesField,
  row,
  seedField,
  seenPictures,
  shareInterval,
} from '../core/index.ts';

const answersSchema = z
  .object({
    format: z.literal('lodestone-answers'),
    version: z.literal(1),
    answers: z
      .array(
        z.object({
          better: z.string().max(4096),
          worse: z.string().max(4096),
          /** Neither was liked better. */
          tie: z.literal(true).exactOptional(),
        }),
      )
      .max(10_000),
  })
  .readonly();

const [FIRST, SECOND, NEITHER] = ['the first', 'the second', 'cannot say'];
/** Pairs that are made of liked and disliked pictures. */
const MOST_PAIRS = 200;

type Kept = z.output<typeof answersSchema>['answers'][number];

const placesOf = ({ better, worse, tie }: Kept, names: readonly string[]): Answer => {
  const [first, second] = [names.indexOf(better), names.indexOf(worse)];
  return tie ? [first, second, true] : [first, second];
};

/** Answers kept by an earlier run: those about these pictures, and the others, which are kept on. Throws PREFERENCE_INVALID. */
async function earlier(
  file: string,
  names: readonly string[],
  { read }: PluginContext,
): Promise<{ readonly answers: Answer[]; readonly others: Kept[] }> {
  let value: unknown;
  try {
    value = JSON.parse(decodeText(await read(file), file));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw failure('PREFERENCE_INVALID', { where: file, what: 'it is not JSON' }, cause);
  }
  const parsed = answersSchema.safeParse(value);
  if (!parsed.success) throw failure('PREFERENCE_INVALID', { where: file, what: 'it holds no list of answers' });
  const places = parsed.data.answers.map((kept) => ({
    kept,
    at: placesOf(kept, names),
  }));
  const here = ([better, worse]: Answer): boolean => better >= 0 && worse >= 0;
  return {
    answers: places.filter((p) => here(p.at)).map((p) => p.at),
    others: places.filter((p) => !here(p.at)).map((p) => p.kept),
  };
}

/** Questions and answers in turn, until there are enough, somebody says so, or every pair was asked about. */
async function* asked(
  { rows, choices }: { readonly rows: Embeddings; readonly choices: number },
  names: readonly string[],
  { answers, count }: { readonly answers: Answer[]; readonly count: number },
  context: PluginContext,
): AsyncGenerator<PluginEvent> {
  const inbox = new Inbox(context);
  const seen = new Set(answers.map(pairKey));
  for (let k = 0; k < count; k++) {
    const taste = answers.length > 0 ? learnTaste(rows, answers) : undefined;
    const pair = nextPair({ ...rows, count: choices }, taste, context.random, seen);
    if (!pair) {
      yield { type: 'note', text: 'Every pair of these pictures was asked about: there is nothing more to ask.' };
      return;
    }
    const [a, b] = pair;
    seen.add(pairKey(pair));
    const id = `pair ${k + 1}`;
    yield {
      type: 'question',
      id,
      text: `Which do you like better? (${k + 1} of ${count})`,
      pictures: [names[a] ?? '', names[b] ?? ''],
      choices: [FIRST ?? '', SECOND ?? '', NEITHER ?? ''],
    };
    const choice = await inbox.answer(id);
    if (choice === FIRST) answers.push([a, b]);
    if (choice === SECOND) answers.push([b, a]);
    if (choice === NEITHER) answers.push([a, b, true]);
    yield { type: 'progress', done: k + 1, total: count };
    if (inbox.finished) return;
  }
}

/** How far what was learned can be trusted: how much of what was answered the other answers foretell. */
function trust(rows: Embeddings, answers: readonly Answer[]): PluginEvent {
  const { right, all } = foretold(rows, answers);
  const { from, to } = shareInterval(right, all);
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  const sure = oftenInWords(right, all);
  const says = sure.startsWith('cannot')
    ? `${sure} answers whether this is your taste`
    : `left out one after the other, ${right} of ${all} answers are foretold by the others (${percent(from)} to ${percent(to)}; half would be chance): ${sure}`;
  return { type: 'note', text: `How far to trust it: ${says}.` };
}

const greatest = (a: number, b: number): number => (b === 0 ? a : greatest(b, a % b));
/** Pairs of each liked picture with each disliked one; when there are many, some in which all come up equally often. */
export function pairsOf(liked: readonly number[], disliked: readonly number[]): Answer[] {
  const [first, second] = [liked.length, disliked.length];
  const round = (first * second) / greatest(first, second);
  // Through all pairs, each once, and through every picture of both before any comes again.
  return Array.from(
    { length: Math.min(MOST_PAIRS, first * second) },
    (_, k): Answer => [liked[k % first] ?? 0, disliked[(k + Math.floor(k / round)) % second] ?? 0],
  );
}

function ranked(rows: Embeddings, names: readonly string[], taste: Taste): PluginEvent {
  const mean = new Float32Array(rows.dimension);
  for (let i = 0; i < rows.data.length; i++)
    mean[i % rows.dimension] = (mean[i % rows.dimension] ?? 0) + (rows.data[i] ?? 0) / rows.count;
  const items = names.map((picture, i) => {
    const own = row(rows, i);
    const score = taste.utility(own) - taste.utility(mean);
    return { picture, score, values: [score, Math.sqrt(taste.variance(own, mean))] };
  });
  items.sort((a, b) => b.score - a.score || (a.picture < b.picture ? -1 : 1));
  return {
    type: 'ranking',
    title: 'How well you would like each (logits beside the mean picture, and how sure that is)',
    columns: ['liking', 'give or take'],
    items,
  };
}

export default definePlugin({
  id: 'curate',
  title: 'Curate',
  description: 'Learns from your picks which pictures you like, and ranks others by it.',
  version: '2.0.0',
  group: 'learn',
  about:
    'Answers to "which of these two?" become a direction among the model\'s embeddings, with its uncertainty. Each question is the one whose answer is expected to tell most, so that twenty go far; "cannot say" tells that two are about alike. How many of your answers the others foretell is said, so that you know how far to trust it. The result ranks any pictures, is kept as picks.json, and pulls a drawing towards your taste: guide --pulls "picks[picks.json]:10". answers.json lets you go on another day.',
  steerable: true,
  parameters: z.object({
    pictures: picturesField({ description: 'Pictures to choose among, and to rank' }),
    liked: picturesField({
      title: 'Liked',
      description: 'Pictures that you like',
      positional: false,
      advanced: true,
    }).default([]),
    disliked: picturesField({
      title: 'Disliked',
      description: 'Pictures that you do not like',
      positional: false,
      advanced: true,
    }).default([]),
    questions: z.int().min(0).max(500).default(20).meta({
      title: 'Questions',
      description: 'Pairs that you are asked about; each is the one that tells most',
    }),
    answers: z.string().max(4096).default('').meta({
      title: 'Answers',
      description: 'Answers of an earlier run, to go on from: its answers.json',
      advanced: true,
    }),
    seed: seedField({ advanced: true }),
  }),
  async *run({ pictures: fields, liked, disliked, questions, answers: file }, context) {
    const { engine, signal } = context;
    const offered: PictureSource[] = await context.pictures(fields);
    const [likes, dislikes] = await Promise.all(
      [liked, disliked].map((f) => (f.length > 0 ? context.pictures(f) : Promise.resolve([]))),
    );
    const every = [...offered, ...(likes ?? []), ...(dislikes ?? [])];
    if (offered.length < 2) throw failure('NO_PICTURES', { path: `${fields.join(', ')}: two pictures are the least` });
    const { sources: all, rows } = yield* seenPictures(engine.embedPictures(every, { signal }), every);
    const readable = new Set(all);
    const given = offered.filter((p) => readable.has(p));
    if (given.length < 2) throw noneReadable();
    const names = all.map(pictureName);
    const place = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);
    const counted = (some: readonly PictureSource[] = []): number => some.filter((p) => readable.has(p)).length;
    const counts = [counted(likes), counted(dislikes)] as const;
    const before = file ? await earlier(file, names, context) : { answers: [], others: [] };
    // What an earlier run was told is not told twice, by the same folders of liked and disliked pictures say.
    const made = pairsOf(place(given.length, counts[0]), place(given.length + counts[0], counts[1]));
    const told = new Set(before.answers.map(String));
    const answers: Answer[] = [...made.filter((pair) => !told.has(String(pair))), ...before.answers];
    const own: Embeddings = { ...rows, count: given.length, data: rows.data.slice(0, given.length * rows.dimension) };
    yield { type: 'progress', done: 0, total: Math.max(1, questions) };
    yield* asked({ rows, choices: given.length }, names, { answers, count: questions }, context);
    if (answers.length === 0) {
      yield { type: 'note', text: 'No answers were given, so nothing was learned.' };
      yield { type: 'table', title: 'What was learned', columns: ['answers'], rows: [[0]] };
      return;
    }
    const taste = learnTaste(rows, answers);
    yield ranked(own, names.slice(0, given.length), taste);
    yield trust(rows, answers);
    const { hash } = await engine.info({ signal });
    const picks = {
      format: 'lodestone-preference',
      version: 1,
      model: hash,
      weights: [...taste.weights],
      variances: [...taste.variances],
      answers: answers.length,
    };
    yield fileEvent('picks.json', 'application/json', `${JSON.stringify(picks)}\n`);
    const kept = [
      ...before.others,
      ...answers.map(([a, b, tie]) => ({ better: names[a] ?? '', worse: names[b] ?? '', ...(tie ? { tie } : {}) })),
    ];
    const list = { format: 'lodestone-answers', version: 1, answers: kept };
    yield fileEvent('answers.json', 'application/json', `${JSON.stringify(list, null, 1)}\n`);
  },
});
