/** One run's session and state: each call of `step` is one run of the graph. */
import type { Tensor as OrtTensor } from 'onnxruntime-node';
import { failure } from '../errors.ts';
import type { Session, Shape } from '../graph/index.ts';
import { float32, floatsOf } from '../graph/session.ts';
import { type CropFeeds, type CropPlan, drawCrops } from './crops.ts';
import type { Live } from './live.ts';
import { momentNames, rateAt } from './optimisers.ts';
import type { ParsedGuideRequest } from './protocol.ts';
import type { Extent } from './step.ts';

const scalar = (x: number): OrtTensor => float32(Float32Array.of(x), []);

export interface StepResult {
  readonly loss: number;
  /** Mean cosine of the crops with each prompt. */
  readonly cosines: readonly number[];
  /** How these stand among stock words, 0..100. */
  readonly percentiles: readonly number[];
}

export interface StepperOptions {
  readonly request: ParsedGuideRequest;
  readonly session: Session;
  readonly canvas: Extent;
  /** Side of the pictures that the tower sees. */
  readonly side: number;
}

export class Stepper {
  private readonly options: StepperOptions;
  private readonly accepts: ReadonlySet<string>;
  private values = new Map<string, OrtTensor>();

  constructor(options: StepperOptions) {
    const { request, session } = options;
    this.options = options;
    this.accepts = new Set(session.inputNames);
    for (const p of request.drawer.parameters) {
      this.values.set(p.name, float32(p.start, p.shape));
      for (const name of momentNames(p, request.settings))
        this.values.set(name, float32(new Float32Array(p.start.length), p.shape));
    }
  }

  /** Parameters and moments by name. */
  get state(): ReadonlyMap<string, OrtTensor> {
    return this.values;
  }
  set state(values: ReadonlyMap<string, OrtTensor>) {
    this.values = new Map(values);
  }

  /** Puts in numbers that were taken from a state. Throws CHECKPOINT_INVALID when they are of another drawing. */
  restore(numbers: Readonly<Record<string, Float32Array>>): void {
    for (const [name, { dims, size }] of [...this.values]) {
      const found = numbers[name];
      if (found?.length !== size)
        throw failure('CHECKPOINT_INVALID', {
          what: `it has ${found ? `${found.length} numbers for` : 'no'} "${name}", and the drawing needs ${size}`,
        });
      this.values.set(name, float32(found, dims));
    }
  }

  /** Steps count from 0. `random` gives the crops. Throws DIVERGED when the loss is no longer a number. */
  async step(step: number, live: Live, random: () => number): Promise<StepResult> {
    const { request, session, canvas, side } = this.options;
    const { settings: s, feeds: prompts, style, paint } = live;
    const plan: CropPlan = { ...canvas, side, paper: request.drawer.paper, regions: prompts.regions };
    const feeds: Record<string, OrtTensor> = {
      ...Object.fromEntries(this.values),
      ...prompts.fixed,
      prompts: prompts.rows(step / s.steps),
      ...cropTensors(drawCrops(s, plan, random), s.crops, plan),
      progress: scalar(step / s.steps),
      contrastWeight: scalar(s.contrast),
      distance: scalar(s.distance),
      sharpness: scalar(s.sharpness),
      weights: float32(Float32Array.from(live.weights), [live.weights.length]),
      ...(style ? { style: float32(style.profile.data, [1, style.profile.dimension]) } : {}),
      styleWeight: scalar(style?.weight ?? 0),
      paint: float32(paint.data, [1, 4, canvas.height, canvas.width]),
      painted: scalar(Math.max(1, paint.covered)),
      rate: scalar(rateAt(step, s)),
      unbias1: scalar(1 / (1 - s.beta1 ** (step + 1))),
      unbias2: scalar(1 / (1 - s.beta2 ** (step + 1))),
    };
    const out = await session.run(Object.fromEntries(Object.entries(feeds).filter(([name]) => this.accepts.has(name))));
    const loss = floatsOf(out['loss'])[0] ?? Number.NaN;
    if (!Number.isFinite(loss)) throw failure('DIVERGED', { step: step + 1, loss });
    for (const name of this.values.keys()) {
      const next = out[`next.${name}`];
      if (next) this.values.set(name, next);
    }
    const each = (name: string): number[] => [...floatsOf(out[name])].slice(0, prompts.count);
    return { loss, cosines: each('cosines'), percentiles: each('percentiles') };
  }
}

function cropTensors(
  crops: CropFeeds,
  count: number,
  { height, width, side }: CropPlan,
): Record<keyof CropFeeds, OrtTensor> {
  const picture: Shape = [count, 3, side, side];
  return {
    rows: float32(crops.rows, [count, 1, side, height]),
    columns: float32(crops.columns, [count, 1, side, width]),
    backdrop: float32(crops.backdrop, picture),
    contrast: float32(crops.contrast, [count, 1, 1, 1]),
    brightness: float32(crops.brightness, [count, 1, 1, 1]),
    noise: float32(crops.noise, picture),
  };
}
