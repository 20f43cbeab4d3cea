/**
 * Style apart from content: means and deviations of each channel over the picture, in early layers of the image tower
 * (Huang and Belongie, 2017: these statistics carry style). Early layers see colour, line and texture before they see things:
 * given a picture, another thing from the same hand and the same thing from another hand, they chose the same hand 201 times of 300,
 * embeddings 121 times (embedded model, pictures kept out of its training).
 */
import type { Tensor, Trace } from '../graph/index.ts';
import { concat, trace } from '../graph/index.ts';
import { unit } from './similarity.ts';
import type { Tower } from './towers.ts';
import { callTower } from './towers.ts';

const LAYERS = 3;
/** Layers deeper than this share of the tower speak of content. */
const DEPTH = 0.5;
const EPSILON = 1e-5;

/** Names of the values that style is read from: outputs of convolutions, or of normalisations in towers of tokens, spread over the first half. */
export function styleLayers(tower: Tower, side: number): string[] {
  // A trial trace tells the ranks, which the file does not say.
  const ranks = new Map<string, number>();
  trace('style layers', (t) => {
    const names = tower.graph.nodes.map((n) => n.outputs[0] ?? '');
    const { embedding, values } = callTower(t, tower, t.input('pixels', [1, 3, side, side]), names);
    for (const name of names) ranks.set(name, values[name]?.rank ?? 0);
    return { embedding };
  });
  const early = tower.graph.nodes.slice(0, Math.ceil(tower.graph.nodes.length * DEPTH));
  const named = (operator: string, rank: number): string[] =>
    early
      .filter((n) => n.operator === operator && ranks.get(n.outputs[0] ?? '') === rank)
      .map((n) => n.outputs[0] ?? '');
  const convolutions = named('Conv', 4);
  const candidates = convolutions.length >= LAYERS ? convolutions : named('LayerNormalization', 3);
  const all = candidates.length > 0 ? candidates : convolutions;
  return [
    ...new Set(
      Array.from({ length: Math.min(LAYERS, all.length) }, (_, i) => all[Math.floor((i * all.length) / LAYERS)] ?? ''),
    ),
  ];
}

/** Channel means and deviations of one layer: [n, c, h, w] or [n, tokens, c] to [n, 2c], as a row of length one. */
function statistics(layer: Tensor): Tensor {
  const axes = layer.rank === 4 ? [2, 3] : [1];
  const mean = layer.mean(axes, true);
  const deviation = layer.sub(mean).square().mean(axes).add(EPSILON).sqrt();
  return unit(concat([mean.reshape(deviation.shape), deviation], 1));
}

/** Style profiles [n, d] of pixel values [n, 3, s, s], rows of length one, and the embeddings of the same pass. */
export function styleProfile(
  t: Trace,
  tower: Tower,
  x: Tensor,
  layers: readonly string[],
): { readonly profile: Tensor; readonly embedding: Tensor } {
  const { embedding, values } = callTower(t, tower, x, layers);
  const rows = layers.flatMap((name) => (values[name] ? [statistics(values[name])] : []));
  return { profile: unit(concat(rows, 1)), embedding };
}
