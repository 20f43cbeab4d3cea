/** `npm run bench`: ratios measured in one run; `-- --json` for one JSON object of named figures, `-- --only WORDS` for the parts whose titles hold them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EMBEDDED } from '../../core/index.ts';
import { benchAudit } from './audit.ts';
import { benchFiles, benchMemory, benchRanking, benchTensors } from './bulk.ts';
import { benchCalibration } from './calibration.ts';
import { benchCrowd, REDIS } from './crowd.ts';
import { benchDurability } from './durability.ts';
import { benchEvolution } from './evolution.ts';
import { benchDrawers, benchGuidance } from './guidance.ts';
import { benchMany } from './many.ts';
import { benchRecall, benchSearch, benchSeen } from './plugins.ts';
import { benchCancel, benchKills } from './resilience.ts';
import { benchServerLag } from './server-lag.ts';
import { benchStudio, CHROMIUM } from './studio.ts';
import { benchTaste } from './taste.ts';
import { benchTorch, hasTorch, withExportedVit } from './torch.ts';
import { benchVerdicts } from './verdicts.ts';
import { benchVit } from './vit.ts';

// What is remembered from an earlier run would be measured instead of the work.
process.env['LODESTONE_CACHE'] = 'off';

const { values } = parseArgs({ options: { json: { type: 'boolean' }, only: { type: 'string', default: '' } } });
const figures: Record<string, number> = {};
const say = (text: string): void => {
  if (!values.json) process.stdout.write(text);
};
const torch = (await hasTorch()) ? undefined : 'skipped: no Python with PyTorch (LODESTONE_PYTHON names another)';
const folder = process.env['LODESTONE_TRANSFORMERS_JS'];
const js =
  folder === undefined
    ? 'skipped: LODESTONE_TRANSFORMERS_JS names no folder where transformers.js is installed'
    : undefined;
const entry = join(folder ?? '', 'node_modules/@huggingface/transformers/dist/transformers.node.mjs');

const data = process.env['LODESTONE_PICTURES'];
const noData = data === undefined ? 'skipped: LODESTONE_PICTURES names no folder of packed pictures' : undefined;

const CROWD = { people: 20, runs: 3, watchers: 200 };
const noRedis = existsSync(REDIS) ? undefined : `skipped: no ${REDIS} (LODESTONE_REDIS names another)`;

const noChromium = existsSync(CHROMIUM) ? undefined : `skipped: no ${CHROMIUM} (LODESTONE_CHROMIUM names another)`;

/** Title, why it cannot be done here, and the work. */
const parts: readonly (readonly [string, string | undefined, () => Promise<Record<string, number>>])[] = [
  ['ViT-B/32 shape, batch 1', undefined, () => benchVit(1, 9)],
  ['ViT-B/32 shape, batch 8', undefined, () => benchVit(8, 5)],
  [
    'ViT-B/32 beside PyTorch',
    torch,
    () =>
      benchTorch('vit', 512, [
        [1, 15],
        [8, 7],
      ]),
  ],
  [
    'RN50 beside PyTorch',
    torch,
    () =>
      benchTorch('rn50', 1024, [
        [1, 11],
        [8, 5],
      ]),
  ],
  ['Memory of a ViT-B/32 gradient engine', undefined, () => benchMemory([1, 8])],
  ['Tensors beside the bare session', undefined, () => benchTensors(5)],
  ['Files beside transformers.js, embedded model', js, () => benchFiles(entry, 'embedded', EMBEDDED, 3)],
  [
    'Files beside transformers.js, ViT-B/32',
    js ?? torch,
    () => withExportedVit((model) => benchFiles(entry, 'vit_b32', model, 1)),
  ],
  ['Exact ranking of 100,000 embeddings', undefined, () => benchRanking(31)],
  ['Guidance with the embedded model, 128 strokes, 8 crops', undefined, () => benchGuidance(200)],
  ['Every drawer, 8 crops', undefined, () => benchDrawers(90)],
  ['Evolution beside the gradient', undefined, () => benchEvolution(250)],
  ['Detection and explanation in composites', undefined, () => benchSeen(8)],
  ['Recall of classify and search on unseen pictures', noData, () => benchRecall(data ?? '')],
  ['Calibration of percentiles', noData, () => benchCalibration(data ?? '')],
  ['Verdicts on unseen pictures', noData, () => benchVerdicts(data ?? '')],
  ['Findings of audit', undefined, () => benchAudit()],
  ['Ten thousand pictures through plugins', noData, () => benchMany(data ?? '', 10_000)],
  ['Tastes foretold', noData, () => benchTaste(data ?? '')],
  ['Search in 20,000 pictures', noData, () => benchSearch(data ?? '', 20_000)],
  ['Killed at random moments', undefined, () => benchKills(20)],
  ['Cancelled at random moments', undefined, () => benchCancel(2)],
  ['Server while a job runs', undefined, () => benchServerLag(150)],
  ['The studio in Chromium', noChromium, () => benchStudio()],
  ['A crowd on one server and one worker', noRedis, () => benchCrowd({ servers: 1, workers: 1, ...CROWD })],
  ['A crowd on two servers and three workers', noRedis, () => benchCrowd({ servers: 2, workers: 3, ...CROWD })],
  ['Runs that are remembered', undefined, () => benchDurability(120, 5)],
];
for (const [title, missing, work] of parts) {
  if (!title.toLowerCase().includes(values.only.toLowerCase())) continue;
  say(`${title}${missing ? `: ${missing}` : ''}\n`);
  if (missing) continue;
  const found = await work();
  for (const [name, value] of Object.entries(found))
    say(`  ${name.padEnd(52)} ${value < 0.01 ? value.toExponential(1) : value.toFixed(2)}\n`);
  Object.assign(figures, found);
}
if (values.json) process.stdout.write(`${JSON.stringify(figures)}\n`);
