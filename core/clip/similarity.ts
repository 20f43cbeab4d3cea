/** Similarities of embeddings as tensor code, for graphs that are differentiated. */
import type { Tensor } from '../graph/index.ts';

/** Rows scaled to length one. */
export const unit = (rows: Tensor): Tensor => rows.div(rows.norm(-1, true));

/** Cosines of every row of `a` [n, d] with every row of `b` [m, d]: [n, m], in -1..1. */
export const cosines = (a: Tensor, b: Tensor): Tensor => unit(a).matmulTransposed(unit(b), 'right');

/** Squared great-circle distance 2 asin(|u - v| / 2)^2 of unit rows (Crowson, 2021, CLIP guided diffusion), from cosines: |u - v|^2 = 2 - 2 cos. */
export const greatCircle = (cosine: Tensor): Tensor =>
  cosine
    .sub(1)
    .mul(-0.5)
    .clip(1e-8, 1 - 1e-6)
    .sqrt()
    .asin()
    .square()
    .mul(2);
