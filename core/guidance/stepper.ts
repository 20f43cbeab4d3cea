/** One run's session and state: each call of `step` is one run of the graph. */
import type { Tensor as OrtTensor } from 'onnxruntime-node';
import { failure } from '../errors.ts';
import type { Session, Shape } from '../graph/index.ts';
import { float32, floatsOf } from '../graph/session.ts';
import { momentNames, rateAt } from './adam.ts';
import { type CropFeeds, drawCrops } from './crops.ts';
import type { PromptFeeds } from './prompt-feeds.ts';
import type { GuideRequest } from './protocol.ts';

const scalar = (x: number): OrtTensor => float32(Float32Array.of(x), []);

export interface StepResult {
  readonly loss: number;
  /** Mean cosine of the crops with each prompt. */
  readonly cosines: readonly number[];
  /** How these stand among stock words, 0..100. */
  readonly percentiles: readonly number[];
}

export interface StepperOptions {
  readonly request: GuideRequest;
  readonly session: Session;
  /** Sides of the canvas and of the pictures that the tower sees. */
  readonly canvas: number;
  readonly side: number;
}

export class Stepper {
  private readonly options: StepperOptions;
  private readonly fixed: Readonly<Record<string, OrtTensor>>;
  private readonly accepts: ReadonlySet<string>;
  private readonly values = new Map<string, OrtTensor>();

  constructor(options: StepperOptions) {
    const { request, session } = options;
    this.options = options;
    this.accepts = new Set(session.inputNames);
    const { style } = request;
    this.fixed = style ? { style: float32(style.profile.data, [1, style.profile.dimension]) } : {};
    for (const p of request.drawer.parameters) {
      const names = momentNames(p);
      this.values.set(p.name, float32(p.start, p.shape));
      for (const name of [names.first, names.second])
        this.values.set(name, float32(new Float32Array(p.start.length), p.shape));
    }
  }

  /** Parameters and moments by name. */
  get state(): ReadonlyMap<string, OrtTensor> {
    return this.values;
  }

  /** Steps count from 0. `random` gives the crops. Throws INTERNAL when the loss is no longer a number. */
  async step(step: number, prompts: PromptFeeds, random: () => number): Promise<StepResult> {
    const { request, session, canvas, side } = this.options;
    const s = request.settings;
    const { count, ...pull } = prompts;
    const feeds: Record<string, OrtTensor> = {
      ...Object.fromEntries(this.values),
      ...this.fixed,
      ...pull,
      ...cropTensors(drawCrops(s, canvas, side, request.drawer.paper, random), s.crops, canvas, side),
      progress: scalar(step / s.steps),
      rate: scalar(rateAt(step, s)),
      unbias1: scalar(1 / (1 - s.beta1 ** (step + 1))),
      unbias2: scalar(1 / (1 - s.beta2 ** (step + 1))),
    };
    const out = await session.run(Object.fromEntries(Object.entries(feeds).filter(([name]) => this.accepts.has(name))));
    const loss = floatsOf(out['loss'])[0] ?? Number.NaN;
    if (!Number.isFinite(loss))
      throw failure('INTERNAL', { what: `the loss is ${loss} at step ${step + 1}; lower the learning rate` });
    for (const name of this.values.keys()) {
      const next = out[`next.${name}`];
      if (next) this.values.set(name, next);
    }
    const each = (name: string): number[] => [...floatsOf(out[name])].slice(0, count);
    return { loss, cosines: each('cosines'), percentiles: each('percentiles') };
  }
}

function cropTensors(
  crops: CropFeeds,
  count: number,
  canvas: number,
  side: number,
): Record<keyof CropFeeds, OrtTensor> {
  const picture: Shape = [count, 3, side, side];
  return {
    rows: float32(crops.rows, [count, 1, side, canvas]),
    columns: float32(crops.columns, [count, 1, side, canvas]),
    backdrop: float32(crops.backdrop, picture),
    contrast: float32(crops.contrast, [count, 1, 1, 1]),
    brightness: float32(crops.brightness, [count, 1, 1, 1]),
    noise: float32(crops.noise, picture),
  };
}
