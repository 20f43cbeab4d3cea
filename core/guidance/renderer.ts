/** Renders a drawing's parameters at one size. The session is made when it is first needed. */
import type { Tensor as OrtTensor } from 'onnxruntime-node';
import { compile, type Graph, type Session } from '../graph/index.ts';
import { float32, floatsOf } from '../graph/session.ts';
import { type Image, image } from '../image/image.ts';
import type { Raw } from './fresh-views.ts';

const FRAME_QUALITY = 88;

export interface Rendered {
  readonly width: number;
  readonly height: number;
  readonly bytes: Uint8Array;
}

const encoded = async ({ width, height, data }: Raw, encode: (s: Image) => Image): Promise<Rendered> => ({
  width,
  height,
  bytes: await encode(image(data, { raw: { width, height, channels: 3 } })).toBuffer(),
});

/** JPEG, for frames. */
export const frameOf = (drawing: Raw): Promise<Rendered> =>
  encoded(drawing, (s) => s.jpeg({ quality: FRAME_QUALITY, chromaSubsampling: '4:4:4' }));

/** PNG, for finished pictures. */
export const pngOf = (drawing: Raw): Promise<Rendered> => encoded(drawing, (s) => s.png({ compressionLevel: 9 }));

export class Renderer {
  private readonly graph: Graph;
  private readonly threads: number;
  private session: Session | undefined;

  constructor(graph: Graph, threads: number) {
    this.graph = graph;
    this.threads = threads;
  }

  async release(): Promise<void> {
    await this.session?.release();
  }

  /** The picture as numbers: [3, height, width], 0..1. */
  async floats(state: ReadonlyMap<string, OrtTensor>, progress: number): Promise<Float32Array> {
    return floatsOf(await this.drawn(state, progress)).map((v) => v / 255);
  }

  private async drawn(state: ReadonlyMap<string, OrtTensor>, progress: number): Promise<OrtTensor | undefined> {
    this.session ??= await compile(this.graph, { threads: this.threads });
    const all = new Map([...state, ['progress', float32(Float32Array.of(progress), [])]]);
    const feeds = Object.fromEntries([...all].filter(([name]) => this.session?.inputNames.includes(name)));
    return (await this.session.run(feeds))['picture'];
  }

  /** The picture as bytes of red, green and blue. A run that ended early is as far as it came: nothing fades that its last frame still had. */
  async raw(state: ReadonlyMap<string, OrtTensor>, progress: number): Promise<Raw> {
    const picture = await this.drawn(state, progress);
    const values = floatsOf(picture);
    const [, , height = 1, width = 1] = picture?.dims ?? [];
    const area = width * height;
    const data = new Uint8Array(area * 3);
    for (let c = 0; c < 3; c++) for (let i = 0; i < area; i++) data[i * 3 + c] = Math.round(values[c * area + i] ?? 0);
    return { width, height, data };
  }
}
