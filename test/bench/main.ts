/** `npm run bench`: ratios measured in one run; `-- --json` for one JSON object of named figures. */
import { benchGuidance } from './guidance.ts';
import { benchServerLag } from './server-lag.ts';
import { benchVit } from './vit.ts';

const json = process.argv.includes('--json');
const figures: Record<string, number> = {};
const say = (text: string): void => {
  if (!json) process.stdout.write(text);
};
for (const [title, work] of [
  ['ViT-B/32 shape, batch 1', () => benchVit(1, 9)],
  ['ViT-B/32 shape, batch 8', () => benchVit(8, 5)],
  ['Guidance with the embedded model, 128 strokes, 8 crops', () => benchGuidance(200)],
  ['Server while a job runs', () => benchServerLag(150)],
] as const) {
  say(`${title}\n`);
  const found = await work();
  for (const [name, value] of Object.entries(found)) say(`  ${name.padEnd(44)} ${value.toFixed(2)}\n`);
  Object.assign(figures, found);
}
if (json) process.stdout.write(`${JSON.stringify(figures)}\n`);
