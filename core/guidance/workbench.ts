/** What a run works with as long as its drawer and its models stay the same: the step's session, and what draws frames and the picture. */
import { compile, readOnnx } from '../graph/index.ts';
import { float32 } from '../graph/session.ts';
import { UNSEEN } from './drawer.ts';
import type { Live } from './live.ts';
import { type Looker, lookerOf } from './looker.ts';
import type { Extent } from './plane.ts';
import type { LookerChoice, ParsedGuideRequest, ReadyDrawer } from './protocol.ts';
import { Renderer } from './renderer.ts';
import { canvasOf, renderGraph, stepGraph } from './step.ts';
import { Stepper } from './stepper.ts';

interface Made {
  readonly drawer: ReadyDrawer;
  readonly choice: readonly LookerChoice[];
  readonly canvas: Extent;
  readonly stepper: Stepper;
  readonly nodes: number;
  readonly preview: Renderer;
  readonly output: Renderer;
  /** Draws what the models look at. */
  readonly whole: Renderer;
  readonly release: () => Promise<void>;
}

async function lookersOf(live: Live): Promise<Looker[]> {
  return Promise.all(
    live.eyes.map((eye, i) =>
      lookerOf(eye, {
        dimension: live.feeds[i]?.dimension ?? 0,
        weight: live.lookers[i]?.weight ?? 1,
        alone: live.eyes.length === 1,
      }),
    ),
  );
}

export class Workbench {
  private readonly made: Made;

  private constructor(made: Made) {
    this.made = made;
  }

  static async of(request: ParsedGuideRequest, live: Live, threads: number): Promise<Workbench> {
    const { drawer } = live;
    const drawing = readOnnx({ bytes: drawer.canvas, name: `drawer ${drawer.id}` });
    const canvas = canvasOf(drawing);
    const lookers = await lookersOf(live);
    const lenses = lookers.map((l) => l.lens);
    const graph = stepGraph({
      request,
      drawer,
      drawing,
      lenses,
      canvas,
      stock: live.feeds[0]?.rows ?? 0,
      styled: live.hasStyle,
      led: live.led,
    });
    const [only, ...more] = lookers;
    // Weights are read from one model's folder; those of several are written into the graph.
    const session = await compile(graph, only && more.length === 0 ? only.model.compileOptions : { threads });
    const draws = (bytes: Uint8Array): Renderer => new Renderer(renderGraph(bytes, drawer.id, drawer.paper), threads);
    const [preview, output, whole] = [draws(drawer.preview), draws(drawer.output), draws(drawer.canvas)];
    return new Workbench({
      drawer,
      choice: live.lookers,
      canvas,
      stepper: new Stepper({ request, drawer, session, canvas, sides: lenses.map((l) => l.side) }),
      nodes: graph.nodes.length,
      preview,
      output,
      whole,
      release: async () => {
        await Promise.all([session.release(), preview.release(), output.release(), whole.release()]);
      },
    });
  }

  get drawer(): ReadyDrawer {
    return this.made.drawer;
  }
  get canvas(): Extent {
    return this.made.canvas;
  }
  get stepper(): Stepper {
    return this.made.stepper;
  }
  get preview(): Renderer {
    return this.made.preview;
  }
  get output(): Renderer {
    return this.made.output;
  }
  get nodes(): number {
    return this.made.nodes;
  }

  /** Whether a run can go on with it. */
  fits(live: Live): boolean {
    return this.made.drawer === live.drawer && this.made.choice === live.lookers;
  }

  /** The drawing as the models look at it, on its paper: [3, height, width], 0..1. */
  picture(progress: number): Promise<Float32Array> {
    return this.made.whole.floats(this.made.stepper.state, progress);
  }

  /** Takes over what another drawing with the same parameters, or some of them, has come to; what is new begins as its drawer says. */
  adopt(state: Stepper['state']): void {
    const own = new Map(this.made.stepper.initial);
    for (const [name, tensor] of own) {
      const found = state.get(name);
      if (!found) continue;
      const width = tensor.size / (tensor.dims[0] ?? 1);
      if (found.size === tensor.size) own.set(name, found);
      else if (found.size / (found.dims[0] ?? 1) === width) {
        const data = Float32Array.from(tensor.data as Float32Array); // parameters and moments are float32
        // What is new begins unseen: nobody asked for strokes over what is there already.
        if (name === this.made.drawer.shapes?.presence) data.fill(UNSEEN);
        // Shapes that are there from the beginning are the last ones.
        const kept = Math.min(data.length, found.size);
        const old = found.data as Float32Array;
        if (this.made.drawer.shapes) data.set(old.subarray(old.length - kept), data.length - kept);
        else data.set(old.subarray(0, kept));
        own.set(name, float32(data, tensor.dims));
      }
    }
    this.made.stepper.state = own;
  }

  async release(): Promise<void> {
    await this.made.release();
  }
}
