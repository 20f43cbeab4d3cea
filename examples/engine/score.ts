/** Scores, a ranking and an exact gradient. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Engine, listPictures, pictureName } from '../../core/index.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const folder = fileURLToPath(new URL('../twelve', import.meta.url));
const pictures = (await listPictures(folder)).paths
  .filter((p) => !p.endsWith('contact-sheet.png'))
  .map((path) => ({ path }));
const engine = new Engine();

const { ranking } = await engine.rankPictures(pictures, [{ text: 'a fruit', weight: 1 }]);
say('A fruit, best first:');
for (const { index, score } of ranking.slice(0, 3))
  say(`  ${score.toFixed(3)}  ${pictureName(pictures[index] ?? { path: '' })}`);

const heart = { path: join(folder, 'heart.png') };
const words = ['a heart', 'an apple', 'a boat'];
const [chances = []] = await engine.probabilities([heart], words);
say(`heart.png: ${words.map((w, i) => `${w} ${(100 * (chances[i] ?? 0)).toFixed(1)} %`).join(', ')}`);

const against = await engine.embedTexts(['a heart']);
const { gradient, side } = await engine.pixelGradient([heart], against, Float32Array.of(1));
const area = side * side;
const strength = Array.from({ length: area }, (_, i) =>
  Math.hypot(...[0, 1, 2].map((c) => gradient[c * area + i] ?? 0)),
);
const strongest = strength.indexOf(Math.max(...strength));
say(
  `The pixel that matters most to "a heart" is ${strongest % side}, ${Math.floor(strongest / side)} of ${side} x ${side}.`,
);
await engine.close();
