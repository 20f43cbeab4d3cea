/** A model that looks at the drawing while it is guided, with what its part of the step's graph needs. */
import type { Embeddings } from '../clip/batches.ts';
import type { ClipModel } from '../clip/model.ts';
import { withWeights } from '../clip/weights.ts';
import type { Lens } from './lens.ts';
import type { PictureEmbedder } from './prompt-feeds.ts';

/** A model and how it takes in pictures. */
export interface Eye {
  readonly model: ClipModel;
  readonly embedPicture: PictureEmbedder;
  readonly stylePicture: PictureEmbedder;
  /** Unit rows of pictures of everyday things, all or a few dozen. */
  readonly everyday: (few?: boolean) => Promise<Embeddings>;
  /** The eye of the same model whose gradients guide: this one, where the model has but one. */
  readonly guiding: () => Promise<Eye>;
}

export interface Looker extends Eye {
  readonly lens: Lens;
}

/** `dimension` is that of the model's embeddings; `alone` says whether no other model guides. */
export async function lookerOf(
  eye: Eye,
  { dimension, weight, alone }: { readonly dimension: number; readonly weight: number; readonly alone: boolean },
): Promise<Looker> {
  const { model } = eye;
  const [found, side] = [await model.tower('image'), await model.side()];
  const tower = alone ? found : await withWeights(found, model.folder.graphs);
  return { ...eye, lens: { tower, side, preprocessing: model.folder.preprocessing, dimension, weight } };
}
