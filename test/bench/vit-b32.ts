/** An image tower of ViT-B/32's shape with seeded random weights, built in the project's own IR. */
import type { Graph, Shape, Tensor, Trace } from '../../core/graph/index.ts';
import { concat, floats, ints, trace } from '../../core/graph/index.ts';
import { gaussian, seeded } from '../../core/random.ts';

const WIDTH = 768;
const HEADS = 12;
const LAYERS = 12;
const PATCH = 32;
const SIDE = 224;
const TOKENS = (SIDE / PATCH) ** 2 + 1;
const EMBEDDING = 512;
export const PIXELS: Shape = [3, SIDE, SIDE];

export function vitB32(batch: number): Graph {
  const random = seeded(32);
  return trace('ViT-B/32 with random weights', (t) => ({
    image_embeds: tower(t, t.input('pixel_values', [batch, ...PIXELS]), batch, weightsOf(t, random)),
  }));
}

type Weights = (name: string, shape: Shape, deviation?: number, mean?: number) => Tensor;
function weightsOf(t: Trace, random: () => number): Weights {
  return (name, shape, deviation = 1 / Math.sqrt(shape[0] ?? 1), mean = 0) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    for (let i = 0; i < data.length; i++) data[i] = mean + deviation * gaussian(random);
    return t.initialiser(name, floats(shape, data));
  };
}

function tower(t: Trace, pixels: Tensor, batch: number, weights: Weights): Tensor {
  const norm = (x: Tensor, name: string): Tensor =>
    x.apply(
      'LayerNormalization',
      [weights(`${name}.scale`, [WIDTH], 0.2, 1), weights(`${name}.bias`, [WIDTH], 0.1)],
      {},
    );
  const linear = (x: Tensor, name: string, from: number, to: number): Tensor =>
    x.matmul(weights(`${name}.weight`, [from, to])).add(weights(`${name}.bias`, [to], 0.1));
  const heads = (x: Tensor): Tensor => x.reshape([batch, TOKENS, HEADS, WIDTH / HEADS]);
  const patches = pixels
    .apply('Conv', [weights('patch', [WIDTH, 3, PATCH, PATCH], 1 / Math.sqrt(3 * PATCH * PATCH))], {
      kernel_shape: ints([PATCH, PATCH]),
      strides: ints([PATCH, PATCH]),
    })
    .reshape([batch, WIDTH, TOKENS - 1])
    .transpose([0, 2, 1]);
  let x = norm(
    concat([weights('class', [1, 1, WIDTH], 1).expand([batch, 1, WIDTH]), patches], 1).add(
      weights('position', [TOKENS, WIDTH], 0.3),
    ),
    'pre',
  );
  for (let layer = 0; layer < LAYERS; layer++) {
    const name = `layer${layer}`;
    const y = norm(x, `${name}.norm1`);
    const q = heads(linear(y, `${name}.q`, WIDTH, WIDTH).mul(1 / Math.sqrt(WIDTH / HEADS))).transpose([0, 2, 1, 3]);
    const k = heads(linear(y, `${name}.k`, WIDTH, WIDTH)).transpose([0, 2, 3, 1]);
    const v = heads(linear(y, `${name}.v`, WIDTH, WIDTH)).transpose([0, 2, 1, 3]);
    const mixed = q.matmul(k).softmax().matmul(v).transpose([0, 2, 1, 3]).reshape([batch, TOKENS, WIDTH]);
    x = x.add(linear(mixed, `${name}.out`, WIDTH, WIDTH));
    const hidden = linear(norm(x, `${name}.norm2`), `${name}.up`, WIDTH, 4 * WIDTH);
    x = x.add(linear(hidden.mul(hidden.mul(1.702).sigmoid()), `${name}.down`, 4 * WIDTH, WIDTH));
  }
  const pooled = x.gather(t.constant([0], [], 'int64'), 1);
  return norm(pooled, 'post').matmul(weights('projection', [WIDTH, EMBEDDING]));
}
