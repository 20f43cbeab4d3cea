/** Packs pictures of several requests into one run: what arrives while the model is busy goes together into its next batch. */
import { joinedFloats } from '../arrays.ts';
import { BATCH, type Embeddings } from '../clip/batches.ts';

interface Waiting {
  readonly pixels: Float32Array;
  resolve(row: Float32Array): void;
  reject(thrown: unknown): void;
}

export class Batcher {
  private readonly run: (pixels: Float32Array, count: number) => Promise<Embeddings>;
  private readonly waiting: Waiting[] = [];
  private making = 0;
  private running = false;

  constructor(run: (pixels: Float32Array, count: number) => Promise<Embeddings>) {
    this.run = run;
  }

  /** The unit embedding of the pixels that `make` gives. A batch that is not full waits for pictures that are being decoded. */
  async add(make: () => Promise<Float32Array>): Promise<Float32Array> {
    this.making += 1;
    let pixels: Float32Array;
    try {
      pixels = await make();
    } finally {
      this.making -= 1;
      this.kick();
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ pixels, resolve, reject });
    });
  }

  private kick(): void {
    if (!this.running) setImmediate(() => void this.flush());
  }

  private async flush(): Promise<void> {
    if (this.running || this.waiting.length === 0) return;
    if (this.waiting.length < BATCH && this.making > 0) return;
    this.running = true;
    const batch = this.waiting.splice(0, BATCH);
    try {
      const { data, dimension } = await this.run(joinedFloats(batch.map((w) => w.pixels)), batch.length);
      for (const [i, w] of batch.entries()) w.resolve(data.slice(i * dimension, (i + 1) * dimension));
    } catch (thrown) {
      for (const w of batch) w.reject(thrown);
    } finally {
      this.running = false;
      this.kick();
    }
  }
}
