/** Which words of a prompt carry its score. */
import type { Embeddings, PluginContext } from '../../core/index.ts';

/** Which words of a prompt carry its score: the gradient at each token's embedding, its length as a share of all. */
export async function wordShares(
  text: string,
  picture: Embeddings,
  { engine, signal }: PluginContext,
): Promise<{ word: string; share: number }[]> {
  const { tokens, own, shape, gradient } = await engine.tokenGradient(text, picture, Float32Array.of(1), { signal });
  const width = shape[1] ?? 1;
  const lengths = tokens.map((_, i) => Math.hypot(...gradient.subarray(i * width, (i + 1) * width)));
  // Pieces of one word are joined.
  const words: { word: string; share: number }[] = [];
  let open = false;
  for (let i = own.from; i < own.to; i++) {
    const token = tokens[i] ?? '';
    const plain = token.replace('</w>', '').replace(/^[▁Ġ]/u, '');
    const last = words.at(-1);
    if (open && last) words[words.length - 1] = { word: last.word + plain, share: last.share + (lengths[i] ?? 0) };
    else words.push({ word: plain, share: lengths[i] ?? 0 });
    open = !token.endsWith('</w>') && i + 1 < own.to && !/^[▁Ġ]/u.test(tokens[i + 1] ?? '▁');
  }
  const total = words.reduce((sum, w) => sum + w.share, 0) || 1;
  return words.map((w) => ({ ...w, share: w.share / total }));
}
