/** The guidance loop: runs whole beside the session and tells what it sees. Steered, paused, rewound, cancelled and replayed step by step. */
import { setImmediate } from 'node:timers/promises';
import { env } from 'onnxruntime-node';
import type { ClipModel } from '../clip/model.ts';
import { failure } from '../errors.ts';
import { compile, readOnnx } from '../graph/index.ts';
import { floatsOf } from '../graph/session.ts';
import { seeded, seedFor } from '../random.ts';
import type { Inbox } from './inbox.ts';
import { type DueEntry, Live } from './live.ts';
import { type Plateau, seenLoss } from './plateau.ts';
import { printPrompt, printTargets } from './prompt/print.ts';
import { type PictureEmbedder, stockRows } from './prompt-feeds.ts';
import type { Checkpoint, Command, GuideEvent, LogEntry, ParsedGuideRequest, RunRecord } from './protocol.ts';
import { Renderer } from './renderer.ts';
import { canvasOf, renderGraph, stepGraph } from './step.ts';
import { Stepper, type StepResult } from './stepper.ts';
import { Trail } from './trail.ts';

/** A command with the one who waits for its answer. */
export interface Asked {
  readonly command: Command;
  settle(thrown?: unknown): void;
}

export interface LoopContext {
  readonly model: ClipModel;
  readonly embedPicture: PictureEmbedder;
  readonly stylePicture: PictureEmbedder;
  readonly threads: number;
  readonly signal: AbortSignal;
  readonly inbox: Inbox<Asked>;
}

interface Parts {
  readonly live: Live;
  readonly stepper: Stepper;
  readonly preview: Renderer;
  readonly output: Renderer;
  readonly nodes: number;
  release(): Promise<void>;
}

async function prepared(request: ParsedGuideRequest, context: LoopContext): Promise<Parts> {
  const { model, threads } = context;
  const { drawer } = request;
  const drawing = readOnnx({ bytes: drawer.canvas, name: `drawer ${drawer.id}` });
  const canvas = canvasOf(drawing);
  const live = await Live.of(request, { ...context, canvas });
  const [tower, side] = [await model.tower('image'), await model.side()];
  const graph = stepGraph({
    request,
    drawing,
    tower,
    preprocessing: model.folder.preprocessing,
    side,
    canvas,
    dimension: live.feeds.rows(0).dims[1] ?? 0,
    stock: stockRows,
    styled: live.hasStyle,
  });
  const preview = new Renderer(renderGraph(drawer.preview, drawer.id, drawer.paper), threads);
  const output = new Renderer(renderGraph(drawer.output, drawer.id, drawer.paper), threads);
  const session = await compile(graph, model.compileOptions);
  return {
    live,
    stepper: new Stepper({ request, session, canvas, side }),
    preview,
    output,
    nodes: graph.nodes.length,
    release: async () => {
      await Promise.all([session.release(), preview.release(), output.release()]);
    },
  };
}

/** One run: where it is, and what it does between steps. */
class Run {
  readonly live: Live;
  readonly stepper: Stepper;
  step = 0;
  private paused = false;
  private plateau: Plateau | undefined;
  private readonly request: ParsedGuideRequest;
  private readonly context: LoopContext;
  private readonly trail: Trail;
  private scripted: readonly DueEntry[];
  /** Steps that a paused run may still take. */
  private allowed = 0;

  constructor(request: ParsedGuideRequest, { live, stepper }: Parts, context: LoopContext) {
    this.request = request;
    this.context = context;
    this.live = live;
    this.stepper = stepper;
    this.trail = new Trail(request.settings.steps);
    this.scripted = [...this.planned(), ...request.script].sort((a, b) => a.step - b.step);
  }

  private planned(): DueEntry[] {
    return this.request.plan.map((entry) => ({ ...entry, planned: true }));
  }

  /** Goes on from a checkpoint: what its script held until then counts as done. */
  resume(): void {
    const { resume } = this.request;
    if (!resume) return;
    this.stepper.restore(resume.values);
    this.step = resume.step;
    this.plateau = resume.plateau;
  }

  /** Takes one step; ends the run when its loss has stopped falling. */
  async advance(): Promise<StepResult> {
    const { seed, patience } = this.request.settings;
    // Every step has random numbers of its own, so that a run may begin at any of them.
    const random = seeded(seedFor(seed, `crops of step ${this.step}`));
    const found = await this.stepper.step(this.step, this.live, random);
    this.step += 1;
    this.plateau = seenLoss(this.plateau, found.loss);
    if (patience > 0 && this.plateau.since >= patience) await this.finish();
    return found;
  }

  async finish(): Promise<void> {
    if (!this.live.finished)
      await this.live.apply({ step: this.step, change: { finish: true }, note: { control: 'finish' } });
  }

  get ended(): boolean {
    return this.live.finished || this.step >= this.request.settings.steps;
  }

  /** Changes that are due, from the script and from people. Tells of pauses and rewinds. */
  async *between(): AsyncGenerator<GuideEvent> {
    const due = this.scripted.filter((e) => e.step <= this.step);
    this.scripted = this.scripted.slice(due.length);
    for (const entry of due) await this.live.apply(entry);
    this.trail.pass({ step: this.step, values: this.stepper.state, plateau: this.plateau });
    const { inbox, signal } = this.context;
    for (;;) {
      for (let asked = inbox.take(); asked; asked = inbox.take()) yield* this.obey(asked);
      if (!this.paused || this.ended || signal.aborted) return;
      if (this.allowed > 0) {
        this.allowed -= 1;
        return;
      }
      await inbox.ready(signal);
    }
  }

  private async *obey({ command, settle }: Asked): AsyncGenerator<GuideEvent> {
    try {
      if (command.kind === 'change') {
        const { change, note } = command;
        await this.live.apply({ step: this.step, change, ...(note === undefined ? {} : { note }) });
      } else if (command.kind === 'rewind') {
        const kept = this.trail.back(command.step);
        if (kept) {
          this.step = kept.step;
          this.stepper.state = kept.values;
          this.plateau = kept.plateau;
          await this.live.back(kept.step);
          this.scripted = this.planned().filter((e) => e.step > kept.step);
        }
        yield { type: 'rewound', step: this.step };
      } else {
        const was = this.paused;
        this.paused = command.kind !== 'go';
        if (command.kind === 'step') this.allowed += 1;
        if (this.paused && !was) yield { type: 'paused', step: this.step };
      }
      settle();
    } catch (thrown) {
      settle(thrown);
    }
  }

  /** Parameters and moments as they are. */
  get values(): Checkpoint['values'] {
    return Object.fromEntries([...this.stepper.state].map(([name, tensor]) => [name, floatsOf(tensor)]));
  }

  checkpoint(): GuideEvent {
    return {
      type: 'checkpoint',
      checkpoint: { step: this.step, values: this.values, ...(this.plateau ? { plateau: this.plateau } : {}) },
      script: this.live.log,
    };
  }
}

const due = (every: number, step: number): boolean => every > 0 && step % every === 0;

/** All steps of a run, and what comes between them. Throws CANCELLED as soon as the signal aborts. */
async function* steps(
  run: Run,
  preview: Renderer,
  { settings: s, script }: ParsedGuideRequest,
  signal: AbortSignal,
): AsyncGenerator<GuideEvent> {
  const began = performance.now();
  // A script that says where the run ends is a replay, whatever the clock says.
  const timed = s.seconds > 0 && !script.some((e) => e.change.finish);
  const alive = (): void => {
    if (signal.aborted) throw failure('CANCELLED', {});
  };
  for (;;) {
    await setImmediate();
    alive();
    for await (const event of run.between()) {
      yield event;
      if (event.type === 'rewound') yield await framed(run, preview, s.steps);
    }
    alive();
    if (run.ended) return;
    const found = await run.advance();
    yield stepped(run, s.steps, found);
    if (due(s.frameEvery, run.step) && run.step < s.steps) yield await framed(run, preview, s.steps);
    if (timed && performance.now() - began > 1000 * s.seconds) await run.finish();
    if (due(s.checkpointEvery, run.step)) yield run.checkpoint();
  }
}

/** Throws CANCELLED as soon as the signal aborts. The same request on the same machine gives the same bytes. */
export async function* guide(request: ParsedGuideRequest, context: LoopContext): AsyncGenerator<GuideEvent> {
  const { signal, threads, model } = context;
  const began = performance.now();
  const parts = await prepared(request, context);
  try {
    const run = new Run(request, parts, context);
    run.resume();
    yield { type: 'compiled', nodes: parts.nodes, milliseconds: performance.now() - began };
    yield* steps(run, parts.preview, request, signal);
    yield {
      type: 'picture',
      ...(await parts.output.png(run.stepper.state)),
      values: run.values,
      record: await recordOf(request, run, model, threads),
    };
  } finally {
    await parts.release();
  }
}

const stepped = (run: Run, total: number, found: StepResult): GuideEvent => ({
  type: 'step',
  step: run.step,
  steps: total,
  prompts: run.live.prompts.map(printTargets),
  ...found,
});

async function framed(run: Run, preview: Renderer, steps: number): Promise<GuideEvent> {
  return { type: 'frame', step: run.step, ...(await preview.jpeg(run.stepper.state, run.step / steps)) };
}

/** A change as JSON: the caller's note, or the change with its pictures named. */
const written = ({ change, note }: LogEntry): unknown =>
  note ?? {
    ...change,
    ...(change.prompts ? { prompts: printPrompt(change.prompts) } : {}),
    ...(change.paint ? { paint: true } : {}),
  };

async function recordOf(
  { settings, prompts, drawer }: ParsedGuideRequest,
  run: Run,
  model: ClipModel,
  threads: number,
): Promise<RunRecord> {
  const { hash } = await model.info();
  return {
    model: hash,
    drawer: drawer.id,
    settings,
    prompts: printPrompt(prompts),
    script: run.live.log.map((e) => ({ step: e.step, change: written(e) })),
    steps: run.step,
    threads,
    onnxruntime: env.versions.common,
  };
}
