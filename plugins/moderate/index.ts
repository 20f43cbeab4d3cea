/** Looks at pictures by a policy and says of each why: which prompt, what score, what percentile, where. Nothing is moved or deleted. */
import { z } from 'zod';
import type { Finding, Note, PictureSource, PluginContext, PluginEvent, Policy } from '../../core/index.ts';
import {
  csvOf,
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
  thumbnail,
} from '../../core/index.ts';
import { DEFAULT_POLICY } from './default-policy.ts';

const PLACES = [
  ['top left', 'top', 'top right'],
  ['left', 'middle', 'right'],
  ['bottom left', 'bottom', 'bottom right'],
];
/** Pictures that a report shows. */
const SHOWN = 200;

/** Where in a picture a prompt fits most, in words. */
async function placeOf(picture: PictureSource, prompt: string, { engine, signal }: PluginContext): Promise<string> {
  const against = await engine.embedTexts([prompt], { signal });
  const { rows, columns, heat } = await engine.saliency(picture, against, Float32Array.of(1), { signal });
  const total = heat.reduce((a, b) => a + b, 0) || 1;
  const middle = (axis: (i: number) => number): number =>
    heat.reduce((sum, v, i) => sum + v * (axis(i) + 0.5), 0) / total;
  const third = (share: number): number => Math.min(2, Math.max(0, Math.floor(share * 3)));
  const [x, y] = [middle((i) => i % columns) / columns, middle((i) => Math.floor(i / columns)) / rows];
  return PLACES[third(y)]?.[third(x)] ?? '';
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

const decisionOf = (findings: readonly Finding[]): 'block' | 'flag' | 'pass' => {
  const fallen = findings.filter((f) => f.falls);
  if (fallen.some((f) => f.action === 'block')) return 'block';
  return fallen.length > 0 ? 'flag' : 'pass';
};

const COLUMNS = ['picture', 'decision', 'rule', 'prompt', 'cosine', 'percentile', 'certainty', 'where'];
type Row = [string, string, string, string, number | string, number | string, number | string, string];

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
          Math.floor(f.percentile),
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
      ...([Math.floor(nearest?.percentile ?? 0), rounded(nearest?.certainty ?? 0), why] as const),
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
  version: '1.1.0',
  group: 'check',
  about:
    'Policies are prompts with thresholds, in a JSON file that is checked and versioned ([how one is written](policies.md)); each decision says which prompt, what score, what percentile, how certain beside everyday things, and where. It is a dry run: no file is touched. The default policy only flags. A policy can gate any other plugin (--gate): a picture that it blocks is held back with the reason, never replaced by a black one. Models err; let people decide.',
  parameters: z.object({
    pictures: picturesField(),
    policy: z.string().max(4096).default('').meta({
      title: 'Policy',
      description: 'A policy file (JSON); empty for one of everyday caution, which only flags',
    }),
  }),
  async *run({ pictures: fields, policy: file }, context) {
    const policy = file
      ? parsePolicy(decodeText(await context.read(file), file), file)
      : parsePolicy(JSON.stringify(DEFAULT_POLICY), 'the default policy');
    const pictures = await context.pictures(fields);
    const rows: Row[] = [];
    const sources = new Map<string, PictureSource>();
    let done = 0;
    for await (const { all, notes } of judged(pictures, policy, context)) {
      yield* notes;
      for (const one of all) {
        rows.push(...(await rowsOf(one, context)));
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
