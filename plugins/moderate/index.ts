/** Looks at pictures by a policy and says of each why: which prompt, what score, what percentile, where. Nothing is moved or deleted. */
import { z } from 'zod';
import type { Finding, Note, PictureSource, PluginContext, PluginEvent, Policy } from '../../core/index.ts';
import {
  csvOf,
  cutHeat,
  decodeText,
  definePlugin,
  html,
  noneReadable,
  noteOf,
  parsePolicy,
  pictureName,
  picturesField,
  readyPolicy,
  reportEvent,
  reportPage,
  row,
  squared,
  thumbnail,
} from '../../core/index.ts';
import { gradientHeat } from '../explain/gradient.ts';
import { SIDE } from '../explain/scores.ts';
import { type Bounded, bounded } from './allowed.ts';
import { DEFAULT_POLICY } from './default-policy.ts';

const PLACES = [
  ['top left', 'top', 'top right'],
  ['left', 'middle', 'right'],
  ['bottom left', 'bottom', 'bottom right'],
];
const MAP = 48;
/** Share of the peak that still belongs to it. */
const HELD = 0.3;
/** Pictures that a report shows. */
const SHOWN = 200;

/** Where in a picture a prompt fits most, in words: the peak of what answers it. */
async function placeOf(picture: PictureSource, prompt: string, context: PluginContext): Promise<string> {
  const targets = await context.engine.embedTexts([prompt], { signal: context.signal });
  const square = await squared(picture, SIDE);
  const { rows, columns, data } = cutHeat(
    await gradientHeat(square, { targets, weights: [1] }, context),
    square.inside,
    MAP,
  );
  const third = (place: number, of: number): number => Math.min(2, Math.floor((3 * place) / of));
  const { x, y } = middleOf(data, columns);
  return PLACES[third(y, rows)]?.[third(x, columns)] ?? '';
}

/** Of what hangs together around the peak: two things far apart are not in between. */
function middleOf(heat: Float32Array, columns: number): { readonly x: number; readonly y: number } {
  const peak = heat.indexOf(Math.max(...heat));
  const least = HELD * (heat[peak] ?? 0);
  const found = new Set([peak]);
  for (const at of found)
    for (const step of [-columns, columns, ...(at % columns > 0 ? [-1] : []), ...((at + 1) % columns > 0 ? [1] : [])])
      if ((heat[at + step] ?? -1) >= least) found.add(at + step);
  const mean = (axis: (at: number) => number): number => [...found].reduce((sum, at) => sum + axis(at), 0) / found.size;
  return { x: mean((at) => at % columns), y: mean((at) => Math.floor(at / columns)) };
}

interface Judged {
  readonly source: PictureSource;
  readonly findings: readonly Finding[];
}

async function* judged(
  pictures: readonly PictureSource[],
  policy: Policy,
  { engine, signal }: PluginContext,
): AsyncGenerator<{ readonly all: readonly Judged[]; readonly notes: readonly Note[] }> {
  const judge = await readyPolicy(policy, engine, { signal });
  for await (const { indices, embeddings, failures } of engine.embedPictures(pictures, { signal }))
    yield {
      all: indices.flatMap((index, k) => {
        const source = pictures[index];
        return source ? [{ source, findings: judge(row(embeddings, k)) }] : [];
      }),
      notes: failures.map(({ error }) => noteOf(error)),
    };
}

/** Every rule says what it thinks, whatever it would take for enough. */
const open = (policy: Policy): Policy => ({
  ...policy,
  rules: policy.rules.map((rule) => ({ ...rule, threshold: 1, certainty: 0 })),
});
/** The rules' highest certainty: what is alarming about a picture. What fits something fine better is not. */
const alarmOf = (findings: readonly Finding[]): number =>
  Math.max(0, ...findings.filter((f) => f.unless === undefined).map((f) => f.certainty));
const percentOf = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** The certainty from which on pictures fall, by pictures that are allowed; told in words. */
async function* learned(
  pictures: readonly PictureSource[],
  policy: Policy,
  alarms: number,
  context: PluginContext,
): AsyncGenerator<PluginEvent, Bounded> {
  const scores: number[] = [];
  for await (const { all, notes } of judged(pictures, open(policy), context)) {
    yield* notes;
    scores.push(...all.map(({ findings }) => alarmOf(findings)));
    yield { type: 'progress', done: scores.length, total: pictures.length, label: 'allowed pictures' };
  }
  if (scores.length === 0) throw noneReadable();
  const found = bounded(scores, alarms);
  const enough =
    found.bound <= alarms ? '' : `, which is more than the ${percentOf(alarms)} asked for: give more pictures`;
  yield {
    type: 'note',
    text: `By ${scores.length} allowed pictures, a picture falls under a rule from a certainty of ${found.threshold.toFixed(2)} on. Of pictures like these at most ${percentOf(found.bound)} do, in 19 of 20 choices of so many${enough}.`,
  };
  return found;
}

/** What falls by that certainty, whatever the policy takes for enough. */
const within = ({ source, findings }: Judged, { threshold }: Bounded): Judged => ({
  source,
  findings: findings.map((f) => ({ ...f, falls: f.unless === undefined && f.certainty > threshold })),
});

const decisionOf = (findings: readonly Finding[]): 'block' | 'flag' | 'pass' => {
  const fallen = findings.filter((f) => f.falls);
  if (fallen.some((f) => f.action === 'block')) return 'block';
  return fallen.length > 0 ? 'flag' : 'pass';
};

const COLUMNS = ['picture', 'decision', 'rule', 'prompt', 'cosine', 'percentile', 'certainty', 'where'];
type Row = [string, string, string, string, number | string, number | string, number | string, string];

/** Never more than it is: what is above a threshold is shown above it. */
const tenths = (percent: number): number => Math.floor(10 * percent) / 10;
const rounded = (share: number): number => Math.round(share * 100) / 100;

/** One row for each rule that a picture falls under, or one that says that it passes. */
async function rowsOf({ source, findings }: Judged, context: PluginContext): Promise<Row[]> {
  const [name, decision] = [pictureName(source), decisionOf(findings)];
  const fallen = findings.filter((f) => f.falls);
  if (fallen.length > 0)
    return Promise.all(
      fallen.map(
        async (f): Promise<Row> => [
          name,
          decision,
          f.title,
          f.prompt,
          f.cosine,
          tenths(f.percentile),
          rounded(f.certainty),
          await placeOf(source, f.prompt, context),
        ],
      ),
    );
  const nearest = findings.toSorted((a, b) => b.certainty - a.certainty)[0];
  const why = nearest?.unless === undefined ? '' : `more like ${nearest.unless}`;
  return [
    [
      ...([name, decision, '', nearest?.prompt ?? '', nearest?.cosine ?? ''] as const),
      ...([tenths(nearest?.percentile ?? 0), rounded(nearest?.certainty ?? 0), why] as const),
    ],
  ];
}

async function report(
  policy: Policy,
  rows: readonly Row[],
  sources: ReadonlyMap<string, PictureSource>,
): Promise<PluginEvent> {
  const shown = rows.filter((r) => r[1] !== 'pass').slice(0, SHOWN);
  const cells = await Promise.all(
    shown.map(async (r) => {
      const source = sources.get(r[0]);
      const picture = source ? html.picture(await thumbnail(source), r[0]) : '';
      const decision = `<span class="${r[1] === 'block' ? 'bad' : ''}">${html.words(r[1])}</span>`;
      return [{ html: picture }, { html: decision }, ...r.slice(2), r[0]];
    }),
  );
  const count = (decision: string): number => new Set(rows.filter((r) => r[1] === decision).map((r) => r[0])).size;
  return reportEvent(
    'moderation.html',
    'text/html',
    reportPage(`Moderation by "${policy.name}"`, [
      html.paragraph(
        `${count('block')} pictures would be blocked, ${count('flag')} flagged, and ${count('pass')} pass. This is a dry run: nothing was moved or deleted.`,
      ),
      html.heading('Rules'),
      html.table(
        ['rule', 'action', 'threshold', 'certainty', 'prompts', 'unless'],
        policy.rules.map((r) => [
          ...[r.title, r.action, r.threshold, r.certainty],
          ...[r.prompts.join(', '), r.unless.join(', ')],
        ]),
      ),
      html.heading('Pictures that fall under a rule'),
      html.table(['', 'decision', ...COLUMNS.slice(2), 'picture'], cells),
    ]),
  );
}

export default definePlugin({
  id: 'moderate',
  title: 'Moderate',
  description: 'Checks pictures against a policy and explains each decision; a dry run that touches no file.',
  version: '1.2.0',
  group: 'check',
  about:
    'Policies are prompts with thresholds, in a JSON file that is checked and versioned ([how one is written](policies.md)); each decision says which prompt, what score, what percentile, how certain beside everyday things, and where. It is a dry run: no file is touched. The default policy only flags. A policy can gate any other plugin (--gate): a picture that it blocks is held back with the reason, never replaced by a black one. Models err; let people decide.',
  parameters: z.object({
    pictures: picturesField(),
    policy: z.string().max(4096).default('').meta({
      title: 'Policy',
      description: 'A policy file (JSON); empty for one of everyday caution, which only flags',
    }),
    allowed: picturesField({
      title: 'Allowed',
      description:
        'Pictures that are fine, 60 and more: the certainty from which a picture falls is set by them, and how often one like them is taken wrongly is bounded',
      positional: false,
      advanced: true,
    }).default([]),
    alarms: z.number().min(0.001).max(0.5).default(0.05).meta({
      title: 'False alarms',
      description: 'The most of pictures like the allowed ones that may fall under a rule',
      advanced: true,
    }),
  }),
  async *run({ pictures: fields, policy: file, allowed, alarms }, context) {
    const policy = file
      ? parsePolicy(decodeText(await context.read(file), file), file)
      : parsePolicy(JSON.stringify(DEFAULT_POLICY), 'the default policy');
    const pictures = await context.pictures(fields);
    const limit =
      allowed.length > 0 ? yield* learned(await context.pictures(allowed), policy, alarms, context) : undefined;
    const rows: Row[] = [];
    const sources = new Map<string, PictureSource>();
    let done = 0;
    for await (const { all, notes } of judged(pictures, limit ? open(policy) : policy, context)) {
      yield* notes;
      for (const one of all) {
        rows.push(...(await rowsOf(limit ? within(one, limit) : one, context)));
        sources.set(pictureName(one.source), one.source);
      }
      done += all.length + notes.length;
      yield { type: 'progress', done, total: pictures.length };
    }
    if (rows.length === 0) throw noneReadable();
    rows.sort((a, b) => Number(a[1] === 'pass') - Number(b[1] === 'pass'));
    yield { type: 'table', title: `Decisions of "${policy.name}"`, columns: COLUMNS, rows };
    yield reportEvent('moderation.csv', 'text/csv', csvOf(COLUMNS, rows));
    yield await report(policy, rows, sources);
  },
});
