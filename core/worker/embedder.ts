/** Embeddings of pictures and texts: looked up by content and model, else worked out in shared batches and remembered. */
import type { Embeddings } from '../clip/batches.ts';
import { cropped } from '../clip/cropped.ts';
import type { ClipModel } from '../clip/model.ts';
import { decodePicture } from '../clip/picture.ts';
import { pixelValues } from '../clip/preprocess.ts';
import type { Store } from '../clip/store.ts';
import { digest, storedRow, storeRow } from '../clip/store.ts';
import type { PictureSource } from '../engine/requests.ts';
import { pictureName } from '../engine/requests.ts';
import type { PlainError } from '../errors.ts';
import { failure } from '../errors.ts';
import type { Raster } from '../image/opaque.ts';
import { readPicture } from '../image/reading.ts';
import { onnxruntime } from '../native.ts';
import { Batcher } from './batcher.ts';
import { pictureFault } from './picture-fault.ts';

/** Rows that have been worked out, in the order of what was asked. */
export interface PictureRows {
  readonly indices: readonly number[];
  readonly embeddings: Embeddings;
  readonly failures: readonly { readonly index: number; readonly error: PlainError }[];
}

/** Counted up whenever a picture or a text would be taken in differently; another onnxruntime rounds differently. */
const keyVersion = (): string => `2 ${onnxruntime().env.versions.common}`;

const GROUP = 16;
/** Groups whose pictures are decoded while the model is busy with earlier ones. */
const AHEAD = 3;

async function contentOf(picture: PictureSource): Promise<Uint8Array> {
  return 'bytes' in picture ? picture.bytes : readPicture(picture.path, picture.path);
}

export class Embedder {
  private readonly model: ClipModel;
  private readonly store: Store;
  private readonly batcher: Batcher;

  constructor(model: ClipModel, store: Store) {
    this.model = model;
    this.store = store;
    this.batcher = new Batcher((pixels, count) => model.embedPixels(pixels, count));
  }

  /** Throws PICTURE_UNREADABLE, PICTURE_TOO_LARGE. */
  private async picture(picture: PictureSource): Promise<Float32Array> {
    const content = await contentOf(picture);
    if (!this.store.keeps) return this.worked(content, picture);
    const { crop } = picture;
    const part = crop ? `:${[crop.left, crop.top, crop.right, crop.bottom].join(' ')}` : '';
    const key = `p${keyVersion()}:${await this.model.hash()}:${digest(content)}${part}`;
    const known = storedRow(this.store, key);
    if (known) return known;
    const row = await this.worked(content, picture);
    storeRow(this.store, key, row);
    return row;
  }

  private worked(content: Uint8Array, picture: PictureSource): Promise<Float32Array> {
    const { preprocessing } = this.model.folder;
    const { crop } = picture;
    return this.batcher.add(async () => {
      const side = await this.model.side();
      const name = pictureName(picture);
      const seen = crop ? cropped(await this.decoded(content, name), crop) : await decodePicture(content, name);
      return pixelValues(seen, preprocessing, side);
    });
  }

  /** Many crops are taken of one picture: it is decoded once. */
  private decoded(content: Uint8Array, name: string): Promise<Raster> {
    const key = digest(content);
    if (this.last?.key !== key) this.last = { key, raster: decodePicture(content, name) };
    return this.last.raster;
  }
  private last: { readonly key: string; readonly raster: Promise<Raster> } | undefined;

  private async group(pictures: readonly PictureSource[], from: number): Promise<PictureRows> {
    const tries = await Promise.all(
      pictures.slice(from, from + GROUP).map(async (picture, i) => {
        try {
          return { index: from + i, row: await this.picture(picture) };
        } catch (thrown) {
          return { index: from + i, error: pictureFault(thrown) };
        }
      }),
    );
    const good = tries.flatMap((t) => (t.row ? [{ index: t.index, row: t.row }] : []));
    return {
      indices: good.map((g) => g.index),
      embeddings: stackedRows(good.map((g) => g.row)),
      failures: tries.flatMap((t) => (t.error ? [{ index: t.index, error: t.error }] : [])),
    };
  }

  /** Groups in order. One that cannot be read does not stop the others. Throws CANCELLED. */
  async *pictures(pictures: readonly PictureSource[], signal: AbortSignal): AsyncGenerator<PictureRows> {
    // A model that is broken is an error of the whole, not of each picture.
    await this.model.tower('image');
    const begun: Promise<PictureRows>[] = [];
    let next = 0;
    for (;;) {
      for (; next < pictures.length && begun.length < AHEAD; next += GROUP) {
        const group = this.group(pictures, next);
        // One that fails while an earlier one is waited for is told when its turn comes.
        group.catch(() => undefined);
        begun.push(group);
      }
      const first = begun.shift();
      if (!first) return;
      const rows = await first;
      if (signal.aborted) throw failure('CANCELLED', {});
      yield rows;
    }
  }

  async texts(texts: readonly string[]): Promise<Embeddings> {
    if (texts.length === 0) return { count: 0, dimension: 0, data: new Float32Array() };
    if (!this.store.keeps) return this.model.embedTexts(texts);
    const hash = await this.model.hash();
    const keys = texts.map((text) => `t${keyVersion()}:${hash}:${digest(text)}`);
    const rows = keys.map((key) => storedRow(this.store, key));
    const missing = [...new Set(texts.filter((_, i) => !rows[i]))];
    const made = missing.length > 0 ? await this.model.embedTexts(missing) : undefined;
    const fresh = new Map(
      missing.map((text, i) => [text, made?.data.slice(i * made.dimension, (i + 1) * made.dimension)] as const),
    );
    const all = texts.map((text, i) => {
      const found = rows[i] ?? fresh.get(text) ?? new Float32Array();
      if (!rows[i]) storeRow(this.store, keys[i] ?? '', found);
      return found;
    });
    return stackedRows(all);
  }
}

function stackedRows(rows: readonly Float32Array[]): Embeddings {
  const dimension = rows[0]?.length ?? 0;
  const data = new Float32Array(rows.length * dimension);
  for (const [i, row] of rows.entries()) data.set(row, i * dimension);
  return { count: rows.length, dimension, data };
}
