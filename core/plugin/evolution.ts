/** The evolution of a sketch: candidates around a cloud are drawn, judged and learned from; steered between generations, and taken up from a checkpoint. */
import { cosineTable, row } from '../engine/scores.ts';
import { failure } from '../errors.ts';
import { parsePrompt } from '../guidance/prompt/parse.ts';
import { printPrompt } from '../guidance/prompt/print.ts';
import type { Checkpoint } from '../guidance/protocol.ts';
import { type Cloud, candidate, draws, learned, usualPopulation } from '../guidance/snes.ts';
import { drawSketch } from '../image/image.ts';
import { recorder } from '../image/recorder.ts';
import { gaussian, seeded, seedFor } from '../random.ts';
import type { PluginContext } from './define.ts';
import type { PluginEvent } from './events.ts';
import { Gate } from './gate.ts';
import { type PromptTargets, promptTargets } from './kit/prompt-targets.ts';
import { jointStanding, standingOf } from './kit/standing.ts';
import type { Gene, Sketch } from './sketch-shape.ts';
import type { Script, Steer } from './steer.ts';

const LOOKED_AT = 112;
const FIRST_SPREAD = 0.22;
/** Candidates never come closer together than this, or a steered run could not move any more. */
const LEAST_SPREAD = 0.01;

/** What of a run's parameters evolution asks for. */
export interface EvolutionSettings {
  readonly prompt: string;
  readonly seed: number;
  /** Candidates in each generation; 0 for as many as is usual. */
  readonly population: number;
}

/** Places in 0..1 as the values of each gene. */
function expressed<G extends Readonly<Record<string, Gene>>>(
  genes: G,
  places: Float32Array,
): Record<keyof G, number[]> {
  let at = 0;
  const entries = Object.entries(genes).map(([name, { low, high, count = 1 }]) => {
    const own = [...places.subarray(at, at + count)].map((p) => low + (high - low) * Math.min(1, Math.max(0, p)));
    at += count;
    return [name, own] as const;
  });
  return Object.fromEntries(entries) as Record<keyof G, number[]>;
}

export class Studio<G extends Readonly<Record<string, Gene>>> {
  private readonly sketch: Sketch<G>;
  private readonly seed: number;

  constructor(sketch: Sketch<G>, seed: number) {
    this.sketch = sketch;
    this.seed = seed;
  }

  private drawn(places: Float32Array, size: number, format: 'png' | 'jpeg'): Promise<Uint8Array> {
    const { context, ops } = recorder();
    this.sketch.draw(context, expressed(this.sketch.genes, places), { size, random: grain(this.seed) });
    return drawSketch({ size, paper: this.sketch.paper ?? '#faf7f0', ops, format });
  }
  png(places: Float32Array, size: number): Promise<Uint8Array> {
    return this.drawn(places, size, 'png');
  }
  jpeg(places: Float32Array, size: number): Promise<Uint8Array> {
    return this.drawn(places, size, 'jpeg');
  }
}

/** What the model says of candidates, best first by `fitness`. */
async function judged(
  pngs: readonly Uint8Array[],
  asked: PromptTargets,
  context: PluginContext,
): Promise<{ fitness: number[]; cosines: number[][]; standing: number[] }> {
  const { engine, signal } = context;
  const fits = jointStanding(await standingOf(asked, context), asked.weights);
  const rows = await engine.embedAll(
    pngs.map((bytes, i) => ({ bytes, name: `candidate ${i + 1}` })),
    { signal },
  );
  const cosines = cosineTable(rows, asked.targets);
  return {
    cosines,
    fitness: cosines.map((c) => c.reduce((sum, v, k) => sum + v * (asked.weights[k] ?? 0), 0)),
    standing: cosines.map((_, i) => fits(row(rows, i))),
  };
}

/** Where a sketch's evolution is: what a checkpoint holds, and what it can go back to. */
interface Place {
  readonly generation: number;
  readonly cloud: Cloud;
  /** The best candidate of the last generation. */
  readonly best: Float32Array;
}

const placeOf = ({ step, values }: Checkpoint, dimension: number): Place => {
  const { mean, spread, best } = values;
  if (mean?.length !== dimension || spread?.length !== dimension || best?.length !== dimension)
    throw failure('CHECKPOINT_INVALID', { what: `it is not of a sketch of ${dimension} numbers` });
  return { generation: step, cloud: { mean, spread }, best };
};

/** What somebody wishes, made ready. */
interface Wish {
  readonly prompt?: string;
  readonly targets?: PromptTargets;
  readonly finish?: boolean;
  readonly rewind?: number;
}

/** A run of evolution: its place, and what was changed at which generation. */
export class Evolution<G extends Readonly<Record<string, Gene>>> {
  targets: PromptTargets;
  place: Place;
  readonly gate = new Gate();
  private log: { readonly step: number; readonly steer: Steer; readonly targets?: PromptTargets }[] = [];
  private readonly wishes: Wish[] = [];
  private readonly passed: Place[] = [];
  private scripted: Script;
  private readonly given: EvolutionSettings;
  private readonly context: PluginContext;
  private readonly first: PromptTargets;

  private constructor(
    sketch: Sketch<G>,
    given: EvolutionSettings,
    { context, targets }: { context: PluginContext; targets: PromptTargets },
  ) {
    this.given = given;
    this.context = context;
    this.targets = targets;
    this.first = targets;
    this.scripted = context.script;
    const dimension = Object.values(sketch.genes).reduce((sum, g) => sum + (g.count ?? 1), 0);
    const random = seeded(seedFor(given.seed, `${sketch.id} begins`));
    const mean = Float32Array.from({ length: dimension }, () => 0.5 + 0.15 * gaussian(random));
    const cloud = { mean, spread: new Float32Array(dimension).fill(FIRST_SPREAD) };
    const { resume } = context;
    this.place = resume ? placeOf(resume, dimension) : { generation: 0, cloud, best: mean };
  }

  static async begin<G extends Readonly<Record<string, Gene>>>(
    sketch: Sketch<G>,
    given: EvolutionSettings,
    context: PluginContext,
  ): Promise<Evolution<G>> {
    const random = seeded(seedFor(given.seed, 'words'));
    const targets = await promptTargets(parsePrompt(given.prompt, random), context);
    return new Evolution(sketch, given, { context, targets });
  }

  /** What somebody wishes; it acts between two generations. Throws STEER_INVALID, PROMPT_INVALID. */
  async steer(steer: Steer): Promise<void> {
    const wish = await this.wishOf(steer, this.context.random);
    const { control } = steer;
    if (control && control !== 'finish') this.gate.obey(control);
    if (Object.keys(wish).length === 0) return;
    this.wishes.push(wish);
    this.gate.stir();
  }

  private async wishOf(steer: Steer, random: () => number): Promise<Wish> {
    const { prompt, control, rewind, ...others } = steer;
    if (Object.values(others).some((v) => v !== undefined))
      throw failure('STEER_INVALID', {
        what: 'a sketch takes a new prompt, pauses, goes back, takes single steps and ends early',
      });
    const prompts = prompt === undefined ? undefined : parsePrompt(prompt, random);
    return {
      ...(prompts ? { prompt: printPrompt(prompts), targets: await promptTargets(prompts, this.context) } : {}),
      ...(control === 'finish' ? { finish: true } : {}),
      ...(rewind === undefined ? {} : { rewind }),
    };
  }

  /** What is due between two generations, from the script and from people; keeps a place that can be gone back to. Tells whether it went back. */
  async due(): Promise<boolean> {
    const now = this.scripted.filter((e) => e.step <= this.place.generation);
    this.scripted = this.scripted.slice(now.length);
    for (const { step, steer } of now) this.obey(await this.wishOf(steer, () => 0), step);
    if (this.passed.at(-1)?.generation !== this.place.generation) this.passed.push(this.place);
    let wentBack = false;
    for (let wish = this.wishes.shift(); wish; wish = this.wishes.shift()) {
      this.obey(wish, this.place.generation);
      wentBack ||= wish.rewind !== undefined;
    }
    return wentBack;
  }

  private obey({ prompt, targets, finish, rewind }: Wish, step: number): void {
    if (targets && prompt !== undefined) {
      this.targets = targets;
      this.log.push({ step, steer: { prompt }, targets });
    }
    if (finish && !this.gate.finished) {
      this.gate.obey('finish');
      this.log.push({ step, steer: { control: 'finish' } });
    }
    if (rewind !== undefined) this.back(rewind);
  }

  private back(generation: number): void {
    while (this.passed.length > 1 && (this.passed.at(-1)?.generation ?? 0) > generation) this.passed.pop();
    this.place = this.passed.at(-1) ?? this.place;
    this.log = this.log.filter((e) => e.step <= this.place.generation);
    this.targets = this.log.findLast((e) => e.targets)?.targets ?? this.first;
  }

  /** Whether there is a wish that has not been heard, or it is held for one. */
  get waiting(): boolean {
    return this.wishes.length > 0;
  }

  get script(): Script {
    return this.log.map(({ step, steer }) => ({ step, steer }));
  }

  /** One generation: candidates around the cloud are drawn and judged. Returns what the best of them scored. */
  async advance(studio: Studio<G>): Promise<{ readonly cosines: readonly number[]; readonly standing: number }> {
    const { targets } = this;
    const { generation, cloud } = this.place;
    const dimension = cloud.mean.length;
    // Every generation has random numbers of its own, so that a run may begin at any of them.
    const random = seeded(seedFor(this.given.seed, `candidates of generation ${generation}`));
    const z_ = draws(this.given.population || usualPopulation(dimension), dimension, random);
    const candidates = z_.map((zk) => candidate(cloud, zk));
    const pngs = await Promise.all(candidates.map((c) => studio.png(c, LOOKED_AT)));
    const found = await judged(pngs, targets, this.context);
    const { fitness, cosines } = found;
    const first = fitness.indexOf(Math.max(...fitness));
    const next = learned(
      cloud,
      z_,
      fitness.map((f) => -f),
    );
    this.place = {
      generation: generation + 1,
      cloud: {
        mean: next.mean.map((m) => Math.min(1, Math.max(0, m))),
        spread: next.spread.map((s) => Math.max(LEAST_SPREAD, Math.min(0.5, s))),
      },
      best: candidates[first] ?? this.place.best,
    };
    return { cosines: cosines[first] ?? [], standing: found.standing[first] ?? 0 };
  }

  checkpoint(): PluginEvent {
    const { generation, cloud, best } = this.place;
    const values = { mean: cloud.mean, spread: cloud.spread, best };
    return { type: 'checkpoint', checkpoint: { step: generation, values }, script: [...this.script] };
  }
}

/** Grain of a sketch: the same numbers for every candidate. */
const grain = (seed: number): (() => number) => seeded(seedFor(seed, 'grain'));
