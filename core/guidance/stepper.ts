/** One run's session and state: each call of `step` is one run of the graph. */
import type { Tensor as OrtTensor } from 'onnxruntime-node';
import { joinedFloats } from '../arrays.ts';
import { failure } from '../errors.ts';
import type { Session, Shape } from '../graph/index.ts';
import { float32, floatsOf } from '../graph/session.ts';
import { type CropFeeds, type CropPlan, drawCrops } from './crops.ts';
import { prefixOf } from './lens.ts';
import type { Live } from './live.ts';
import { momentNames, rateAt, SPREAD } from './optimisers.ts';
import type { Extent } from './plane.ts';
import type { DrawerParameter, Opinion, ParsedGuideRequest, ReadyDrawer } from './protocol.ts';
import { DIRECTION_SLOTS } from './protocol.ts';
import { type Cloud, candidate, draws, learned, usualPopulation } from './snes.ts';

const scalar = (x: number): OrtTensor => float32(Float32Array.of(x), []);

export interface StepResult {
  readonly loss: number;
  /** Mean cosine of the crops with each prompt. */
  readonly cosines: readonly number[];
  /** How these stand among stock words, 0..100. */
  readonly percentiles: readonly number[];
  /** The same of the further models. */
  readonly also: readonly Opinion[];
  /** Milliseconds that the graph took to run. */
  readonly session: number;
}

export interface StepperOptions {
  readonly request: ParsedGuideRequest;
  readonly drawer: ReadyDrawer;
  readonly session: Session;
  readonly canvas: Extent;
  /** Sides of the pictures that the models see. */
  readonly sides: readonly number[];
}

export class Stepper {
  private readonly options: StepperOptions;
  private readonly accepts: ReadonlySet<string>;
  private values = new Map<string, OrtTensor>();
  /** How the loss changes with the colour of each pixel [1, 3, h, w], as of the last step; nothing where that is not asked. */
  blame: Float32Array | undefined;

  constructor(options: StepperOptions) {
    const { request, drawer, session } = options;
    this.options = options;
    this.accepts = new Set(session.inputNames);
    for (const p of drawer.parameters) {
      this.values.set(p.name, float32(p.start, p.shape));
      for (const name of momentNames(p, request.settings))
        this.values.set(name, float32(new Float32Array(p.start.length), p.shape));
    }
    this.initial = new Map(this.values);
  }

  /** Parameters and moments as the drawer begins. */
  readonly initial: ReadonlyMap<string, OrtTensor>;

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

  /** Steps count from 0. `random` gives the crops, and the candidates of evolution. Throws DIVERGED when the loss is no longer a number. */
  async step(step: number, live: Live, random: () => number): Promise<StepResult> {
    const feeds = this.feeds(step, live, random);
    return live.settings.optimiser === 'evolution'
      ? this.evolved(step, live, feeds, random)
      : this.descended(step, live, feeds);
  }

  private feeds(step: number, live: Live, random: () => number): Record<string, OrtTensor> {
    const { canvas } = this.options;
    const { settings: s, style, paint, lock } = live;
    const progress = step / s.steps;
    return {
      ...this.sights(live, step, random),
      progress: scalar(progress),
      contrastWeight: scalar(s.contrast),
      distance: scalar(s.distance),
      sharpness: scalar(s.sharpness),
      weights: float32(Float32Array.from(live.weights), [live.weights.length]),
      ...this.directions(live),
      ...(style ? { style: float32(style.profile.data, [1, style.profile.dimension]) } : {}),
      styleWeight: scalar(style?.weight ?? 0),
      paint: float32(paint.data, [1, 4, canvas.height, canvas.width]),
      painted: scalar(Math.max(1, paint.covered)),
      lock: float32(lock.data, [1, 4, canvas.height, canvas.width]),
      locked: scalar(Math.max(1, lock.covered)),
      restraint: scalar(live.pullsAt(progress) ? 1 : 0),
      probe: float32(new Float32Array(3 * canvas.height * canvas.width), [1, 3, canvas.height, canvas.width]),
      rate: scalar(rateAt(step, s)),
      unbias1: scalar(1 / (1 - s.beta1 ** (step + 1))),
      unbias2: scalar(1 / (1 - s.beta2 ** (step + 1))),
    };
  }

  /** What each model is fed: its crops and where the prompts lie for it. */
  private sights({ settings: s, feeds }: Live, step: number, random: () => number): Record<string, OrtTensor> {
    const { drawer, canvas, sides } = this.options;
    const progress = step / s.steps;
    const parts = feeds.map((prompts, place) => {
      const side = sides[place] ?? 0;
      const plan: CropPlan = { ...canvas, side, paper: drawer.paper, places: prompts.places, progress, step };
      const own = {
        ...prompts.fixed,
        ...prompts.at(progress),
        applies: prompts.applies(step),
        ...cropTensors(drawCrops(s, plan, random), s.crops, plan),
      };
      return Object.fromEntries(Object.entries(own).map(([name, value]) => [`${prefixOf(place)}${name}`, value]));
    });
    return Object.assign({}, ...parts) as Record<string, OrtTensor>; // records of one type joined
  }

  private directions({ directionWeights, feeds, led }: Live): Record<string, OrtTensor> {
    const { directions } = this.options.request;
    const dimension = feeds[led]?.dimension ?? 0;
    const rows = new Float32Array(DIRECTION_SLOTS * dimension);
    const weights = new Float32Array(DIRECTION_SLOTS);
    for (const [i, { row }] of directions.entries()) {
      rows.set(row, i * dimension);
      weights[i] = directionWeights[i] ?? 0;
    }
    return {
      directions: float32(rows, [DIRECTION_SLOTS, dimension]),
      directionWeights: float32(weights, [DIRECTION_SLOTS]),
    };
  }

  private async run(
    step: number,
    live: Live,
    feeds: Readonly<Record<string, OrtTensor>>,
  ): Promise<{ found: StepResult; out: Readonly<Record<string, OrtTensor>> }> {
    const { session } = this.options;
    const given = Object.fromEntries(Object.entries(feeds).filter(([name]) => this.accepts.has(name)));
    const began = performance.now();
    const out = await session.run(given);
    const took = performance.now() - began;
    const loss = floatsOf(out['loss'])[0] ?? Number.NaN;
    if (!Number.isFinite(loss)) throw failure('DIVERGED', { step: step + 1, loss });
    const opinions = live.feeds.map(({ count }, place): Opinion => {
      const each = (name: string): number[] => [...floatsOf(out[`${prefixOf(place)}${name}`])].slice(0, count);
      return { cosines: each('cosines'), percentiles: each('percentiles') };
    });
    const [first = { cosines: [], percentiles: [] }, ...also] = opinions;
    return { found: { loss, ...first, also, session: took }, out };
  }

  /** What the loss would be with other parameters, for the crops that `random` gives. */
  async judged(step: number, live: Live, random: () => number, state: ReadonlyMap<string, OrtTensor>): Promise<number> {
    return (await this.run(step, live, { ...this.feeds(step, live, random), ...Object.fromEntries(state) })).found.loss;
  }

  private async descended(step: number, live: Live, feeds: Readonly<Record<string, OrtTensor>>): Promise<StepResult> {
    const { found, out } = await this.run(step, live, { ...feeds, ...Object.fromEntries(this.values) });
    for (const name of this.values.keys()) {
      const next = out[`next.${name}`];
      if (next) this.values.set(name, next);
    }
    this.blame = out['blame'] && floatsOf(out['blame']);
    return found;
  }

  /** A step of evolution: candidates around the parameters are judged by the same crops; the best one's scores are told. */
  private async evolved(
    step: number,
    live: Live,
    feeds: Readonly<Record<string, OrtTensor>>,
    random: () => number,
  ): Promise<StepResult> {
    const { parameters } = this.options.drawer;
    const cloud = this.cloud();
    const z = draws(live.settings.population || usualPopulation(cloud.mean.length), cloud.mean.length, random);
    const judged: StepResult[] = [];
    for (const zk of z) {
      const own = parametersOf(parameters, candidate(cloud, zk));
      judged.push((await this.run(step, live, { ...feeds, ...own })).found);
    }
    const losses = judged.map((j) => j.loss);
    this.keep(learned(cloud, z, losses, live.settings.rate));
    const [best] = judged.toSorted((a, b) => a.loss - b.loss);
    const session = judged.reduce((sum, j) => sum + j.session, 0);
    return { loss: Number.NaN, cosines: [], percentiles: [], also: [], ...best, session };
  }

  /** All parameters as one cloud. */
  private cloud(): Cloud {
    const { parameters } = this.options.drawer;
    const numbers = (name: string): Float32Array => floatsOf(this.values.get(name));
    return {
      mean: joinedFloats(parameters.map((p) => numbers(p.name))),
      spread: joinedFloats(
        parameters.map((p) => numbers(`${p.name}.${SPREAD}`).map((s) => FIRST_SPREAD * p.rate * Math.exp(s))),
      ),
    };
  }
  private keep({ mean, spread }: Cloud): void {
    const { parameters } = this.options.drawer;
    for (const [name, tensor] of Object.entries(parametersOf(parameters, mean))) this.values.set(name, tensor);
    let at = 0;
    for (const p of parameters) {
      const own = spread.subarray(at, at + p.start.length).map((s) => Math.log(s / (FIRST_SPREAD * p.rate)));
      this.values.set(`${p.name}.${SPREAD}`, float32(own, p.shape));
      at += own.length;
    }
  }
}

/** How widely evolution's first candidates are spread, in learning rates of the parameter. */
const FIRST_SPREAD = 6;

/** One run of numbers as the drawer's parameters, within their bounds. */
function parametersOf(parameters: readonly DrawerParameter[], numbers: Float32Array): Record<string, OrtTensor> {
  let at = 0;
  return Object.fromEntries(
    parameters.map(({ name, shape, start, low, high }) => {
      const own = numbers.subarray(at, at + start.length).map((v) => Math.min(high, Math.max(low, v)));
      at += own.length;
      return [name, float32(own, shape)];
    }),
  );
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
    brightness: float32(crops.brightness, [count, 3, 1, 1]),
    noise: float32(crops.noise, picture),
    cropAngle: float32(crops.cropAngle, [count, 1, 1, 1]),
    masks: float32(crops.masks, [count, 1, height, width]),
  };
}
