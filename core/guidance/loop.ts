/** The guidance loop: runs whole beside the session and tells what it sees. Steered, paused, rewound, cancelled and replayed step by step. */
import { setImmediate } from 'node:timers/promises';
import { failure } from '../errors.ts';
import { readOnnx } from '../graph/index.ts';
import { float32, floatsOf } from '../graph/session.ts';
import type { Inbox } from '../process/inbox.ts';
import { seeded, seedFor } from '../random.ts';
import { ALL_VIEWS, type Raw } from './fresh-views.ts';
import { Growth, renewalSteps } from './growth.ts';
import { Judge } from './judge.ts';
import { type DueEntry, Live } from './live.ts';
import { lockedAlone, type Moment, overlaid, packed, unpacked } from './locked.ts';
import type { Eye } from './looker.ts';
import { laidOver } from './paint.ts';
import type { Extent } from './plane.ts';
import { type Plateau, seenLoss } from './plateau.ts';
import { printTargets } from './prompt/print.ts';
import type {
  Beginning,
  Checkpoint,
  Command,
  GuideEvent,
  JudgeName,
  LookerChoice,
  Opinion,
  ParsedGuideRequest,
  Tried,
} from './protocol.ts';
import { hashesBeside, recordOf } from './record.ts';
import { frameOf, pngOf } from './renderer.ts';
import { canvasOf } from './step.ts';
import type { StepResult } from './stepper.ts';
import { tidied } from './tidying.ts';
import { type Kept, Trail } from './trail.ts';
import { begunWith, type Tryable, tryout } from './tryout.ts';
import { Workbench } from './workbench.ts';

/** A command with the one who waits for its answer. */
export interface Asked {
  readonly command: Command;
  settle(thrown?: unknown): void;
}

export interface LoopContext {
  /** The engine's own model. */
  readonly eye: Eye;
  /** The model of a folder. */
  readonly open: (folder: string) => Promise<Eye>;
  readonly threads: number;
  readonly signal: AbortSignal;
  readonly inbox: Inbox<Asked>;
}

/** Where a checkpoint keeps what is locked, as it is seen and as it is finished; no parameter is called so. */
const LOCKED = { seen: '.locked', finished: '.locked at full size' } as const;
/** Views by which a drawing is judged while it grows. */
const FEW_VIEWS = 3;
/** Steps after which a beginning shows what will come of it, however long the run is. */
const LONGEST_TRY = 80;
const OWN: Beginning = { starts: {} };

/** One run: where it is, and what it does between steps. */
class Run {
  readonly live: Live;
  readonly judges: ReadonlyMap<JudgeName, Judge>;
  /** The clean eye of the run's own model. */
  private readonly chooser: Judge;
  bench: Workbench;
  step = 0;
  private paused = false;
  private plateau: Plateau | undefined;
  private readonly request: ParsedGuideRequest;
  private readonly context: LoopContext;
  private readonly trail: Trail;
  private scripted: readonly DueEntry[];
  private beginning = OWN;
  tried: Tried | undefined;
  /** What it was before shapes were taken away at its end. */
  untidied: Checkpoint['values'] | undefined;
  /** Whether somebody has changed it, or gone back, since its last checkpoint. */
  unkept = false;
  /** Milliseconds that it was held: they are none of those after which it is to end. */
  held = 0;
  /** What was asked before the run itself had begun. */
  private readonly later: Asked[] = [];
  /** Steps that a paused run may still take. */
  private allowed = 0;

  private constructor(
    request: ParsedGuideRequest,
    context: LoopContext,
    { live, bench, judges }: { live: Live; bench: Workbench; judges: ReadonlyMap<JudgeName, Judge> },
  ) {
    this.request = request;
    this.context = context;
    this.live = live;
    this.bench = bench;
    this.judges = judges;
    this.chooser = judges.get('clean') ?? new Judge(context.eye, bench.canvas);
    this.trail = new Trail(request.settings.steps);
    this.scripted = [...this.planned(), ...request.script].sort((a, b) => a.step - b.step);
  }

  /** A run at its beginning, or where its checkpoint was taken. */
  static async begin(request: ParsedGuideRequest, context: LoopContext): Promise<Run> {
    const { eye, open, threads } = context;
    const { drawer } = request;
    const canvas = canvasOf(readOnnx({ bytes: drawer.canvas, name: `drawer ${drawer.id}` }));
    const kept = keptIn(request.resume);
    let run: Run | undefined;
    const live = await Live.of(request, {
      canvas,
      eyesOf: (choice: readonly LookerChoice[]) =>
        Promise.all(
          choice.map(async (one) => {
            const found = one.folder === undefined ? eye : await open(one.folder);
            const looking = one.eye === 'clean' ? found : await found.guiding();
            await looking.model.sees();
            return looking;
          }),
        ),
      // Until a resumed run stands where it stood, what was locked is what its checkpoint says.
      moment: async () => (run ? run.moment() : (kept ?? NO_MOMENT)),
    });
    const judges = await judgesOf(request, context, canvas);
    const bench = await Workbench.of(request, live, threads);
    const made = new Run(request, context, { live, bench, judges });
    try {
      await made.resume();
    } catch (thrown) {
      await made.bench.release();
      throw thrown;
    }
    run = made;
    return made;
  }

  private planned(): DueEntry[] {
    return this.request.plan.map((entry) => ({ ...entry, planned: true }));
  }

  /** Goes on from a checkpoint: what its script held before it is as it was. */
  private async resume(): Promise<void> {
    const { resume } = this.request;
    if (!resume) {
      await this.begin(OWN);
      return;
    }
    this.tried = resume.tried;
    await this.begin(this.beginnings[resume.tried?.chosen ?? 0] ?? OWN);
    const before = this.scripted.filter((e) => e.step < resume.step);
    this.scripted = this.scripted.slice(before.length);
    for (const entry of before) await this.live.apply(entry);
    await this.refit();
    this.bench.stepper.restore(resume.values);
    this.step = resume.step;
    this.plateau = resume.plateau;
  }

  get progress(): number {
    return this.step / this.request.settings.steps;
  }

  private get beginnings(): readonly Beginning[] {
    return [OWN, ...this.request.beginnings];
  }

  /** At its first step, as one of its beginnings has it; what it gives back takes its prompts back. */
  private async begin(beginning: Beginning): Promise<() => void> {
    const { prompts } = beginning;
    const takeBack = prompts ? await this.live.apply({ step: 0, change: { prompts }, planned: true }) : undefined;
    this.beginning = beginning;
    const { stepper, drawer } = this.bench;
    const state = new Map(stepper.initial);
    for (const { name, start, shape } of begunWith(drawer, beginning).parameters)
      state.set(name, float32(start, shape));
    stepper.state = this.growth?.begin(state) ?? state;
    this.step = 0;
    this.plateau = undefined;
    return () => takeBack?.();
  }

  /** Chooses among several beginnings, before anything that is to change the run. */
  async *choose(): AsyncGenerator<GuideEvent> {
    const { settings, beginnings, resume } = this.request;
    const longest = Math.min(LONGEST_TRY, Math.round(settings.tryout * settings.steps));
    const steps = Math.min(longest, ...this.scripted.map((e) => e.step));
    if (resume || beginnings.length === 0 || steps < 1) return;
    const tryable: Tryable = {
      begin: (beginning) => this.begin(beginning),
      held: () => this.holding(),
      advance: async () => {
        await this.drawn();
      },
      score: () => this.judged(),
      frame: async () => this.frame(await this.drawing()),
      keep: () => {
        const [state, step, plateau] = [this.bench.stepper.state, this.step, this.plateau];
        return () => {
          this.bench.stepper.state = state;
          this.step = step;
          this.plateau = plateau;
        };
      },
    };
    const { beginnings: all, context } = this;
    this.tried = yield* tryout(tryable, {
      beginnings: all,
      steps,
      frameEvery: settings.frameEvery,
      signal: context.signal,
    });
    yield { type: 'tried', step: this.step, prompts: this.live.prompts.map(printTargets), ...this.tried };
  }

  /** The score by fresh views. */
  private async judged(state = this.bench.stepper.state): Promise<number> {
    return this.chooser.score(await this.drawing(state), this.live.prompts, this.progress, ALL_VIEWS);
  }

  private get growth(): Growth | undefined {
    const { settings } = this.request;
    const drawer = begunWith(this.bench.drawer, this.beginning);
    const wanted = settings.renewals > 0 || settings.tidy > 0;
    return drawer.shapes && wanted && settings.optimiser !== 'evolution'
      ? new Growth(drawer, drawer.shapes, settings)
      : undefined;
  }

  /** Takes in a change, wholly or not at all; true when the step's graph had to be compiled again. */
  private async take(entry: DueEntry): Promise<boolean> {
    const again = await this.refitted(await this.live.apply(entry));
    // Another loss than before: how low that one was says nothing of this one.
    if (Object.keys(entry.change).some((what) => what !== 'finish')) this.plateau = undefined;
    return again;
  }
  private async refitted(takeBack: () => void): Promise<boolean> {
    try {
      return await this.refit();
    } catch (thrown) {
      takeBack();
      throw thrown;
    }
  }

  /** Another workbench where the drawer or the models have changed; it begins with what the drawing has come to. */
  private async refit(): Promise<boolean> {
    if (this.bench.fits(this.live)) return false;
    const [old, state] = [this.bench, this.bench.stepper.state];
    this.bench = await Workbench.of(this.request, this.live, this.context.threads);
    this.bench.adopt(state);
    await old.release();
    return true;
  }

  /** Takes one step; ends the run when its loss has stopped falling. */
  async advance(): Promise<StepResult> {
    const { patience } = this.request.settings;
    const found = await this.drawn();
    if (patience > 0 && (this.plateau?.since ?? 0) >= patience) await this.finish();
    return found;
  }

  private async drawn(): Promise<StepResult> {
    const { seed } = this.request.settings;
    // Every step has random numbers of its own, so that a run may begin at any of them.
    const random = seeded(seedFor(seed, `crops of step ${this.step}`));
    const found = await this.bench.stepper.step(this.step, this.live, random);
    this.step += 1;
    if (this.growth) await this.grow(this.growth);
    this.plateau = seenLoss(this.plateau, found.loss);
    return found;
  }

  private async grow(growth: Growth): Promise<void> {
    const { stepper, canvas } = this.bench;
    const { settings: s } = this.request;
    if (stepper.blame && renewalSteps(s).includes(this.step)) {
      const random = seeded(seedFor(s.seed, `renewal after step ${this.step}`));
      stepper.state = growth.renewed(this.step, stepper.state, stepper.blame, canvas, random);
    }
  }

  /** Ends the drawing; what it was before is kept where it is another. */
  async *tidied(): AsyncGenerator<GuideEvent> {
    const { growth, context } = this;
    const { stepper } = this.bench;
    const { seed, tidy } = this.request.settings;
    if (!growth || tidy === 0) return;
    const before = { state: stepper.state, values: this.values };
    stepper.state = yield* tidied(
      {
        visible: (state) => growth.visible(state),
        without: (row, state) => growth.without(row, state),
        loss: (state) => stepper.judged(this.step - 1, this.live, seeded(seedFor(seed, 'tidying')), state),
        score: (state) => this.judged(state),
      },
      stepper.state,
      { tolerance: tidy, signal: context.signal },
    );
    if (context.signal.aborted) throw failure('CANCELLED', {});
    if (stepper.state !== before.state) this.untidied = before.values;
  }

  async finish(): Promise<void> {
    if (!this.ended) await this.live.apply({ step: this.step, change: { finish: true }, note: { control: 'finish' } });
  }

  get ended(): boolean {
    return this.live.finished || this.step >= this.request.settings.steps;
  }

  /** Changes that are due, from the script and from people. Tells of pauses and rewinds. */
  async *between(): AsyncGenerator<GuideEvent> {
    const due = this.scripted.filter((e) => e.step <= this.step);
    this.scripted = this.scripted.slice(due.length);
    for (const entry of due) if (await this.take(entry)) yield { type: 'compiled-again', step: this.step };
    const { stepper, drawer } = this.bench;
    this.trail.pass({ step: this.step, values: stepper.state, plateau: this.plateau, drawer });
    const { inbox, signal } = this.context;
    for (;;) {
      for (const asked of this.later.splice(0)) yield* this.obey(asked);
      for (let asked = inbox.take(); asked; asked = inbox.take()) yield* this.obey(asked);
      if (!this.paused || this.ended || signal.aborted) return;
      if (this.allowed > 0) {
        this.allowed -= 1;
        return;
      }
      await this.wait();
    }
  }

  /** Before the run itself begins it can be held; what else is asked of it waits until then. */
  private async *holding(): AsyncGenerator<GuideEvent> {
    const { inbox, signal } = this.context;
    for (;;) {
      for (let asked = inbox.take(); asked; asked = inbox.take()) {
        const { kind } = asked.command;
        if (kind === 'change' || kind === 'rewind') this.later.push(asked);
        else yield* this.obey(asked);
      }
      if (!this.paused || signal.aborted) return;
      if (this.allowed > 0) {
        this.allowed -= 1;
        return;
      }
      await this.wait();
    }
  }

  private async wait(): Promise<void> {
    const waited = performance.now();
    await this.context.inbox.ready(this.context.signal);
    this.held += performance.now() - waited;
  }

  private async *obey({ command, settle }: Asked): AsyncGenerator<GuideEvent> {
    try {
      if (command.kind === 'change') yield* this.changed(command);
      else if (command.kind === 'rewind') {
        const kept = this.trail.at(command.step);
        if (!kept || kept.step > command.step)
          throw failure('STEER_INVALID', {
            what: `nothing is kept of what was before step ${kept?.step ?? this.step}, where this run was taken up`,
          });
        await this.back(kept);
        yield { type: 'rewound', step: this.step };
      } else {
        const was = this.paused;
        this.paused = command.kind !== 'go';
        if (command.kind === 'step') this.allowed += 1;
        // Steps that were allowed and not taken are none of the next pause's.
        if (command.kind === 'go') this.allowed = 0;
        if (this.paused !== was) yield { type: this.paused ? 'paused' : 'going', step: this.step };
      }
      settle();
    } catch (thrown) {
      settle(thrown);
    }
  }

  /** Throws STEER_INVALID when no step is left for a change to act on. */
  private async *changed({ change, note }: Extract<Command, { kind: 'change' }>): AsyncGenerator<GuideEvent> {
    if (this.ended && change.finish) return;
    if (this.ended) throw failure('STEER_INVALID', { what: 'its last step is done; go back to change it' });
    const entry = { step: this.step, change, ...(note === undefined ? {} : { note }) };
    if (await this.take(entry)) yield { type: 'compiled-again', step: this.step };
    this.unkept = true;
  }

  /** Wholly or not at all. */
  private async back(kept: Kept): Promise<void> {
    const { step, values, plateau, drawer } = kept;
    await this.refitted(await this.live.back(step));
    this.trail.forget(kept);
    this.step = step;
    this.plateau = plateau;
    if (this.bench.drawer === drawer) this.bench.stepper.state = values;
    else this.bench.adopt(values);
    this.scripted = this.planned().filter((e) => e.step > step);
    this.unkept = true;
  }

  /** Parameters and moments as they are. */
  get values(): Checkpoint['values'] {
    return Object.fromEntries([...this.bench.stepper.state].map(([name, tensor]) => [name, floatsOf(tensor)]));
  }

  async checkpoint(): Promise<GuideEvent> {
    this.unkept = false;
    const { kept, log: script } = this.live;
    const locked = kept && { [LOCKED.seen]: kept.was.seen, [LOCKED.finished]: packed(kept.was.finished) };
    const values = { ...this.values, ...locked };
    const others = await hashesBeside(this.request, script, this.context);
    const plateau = this.plateau ? { plateau: this.plateau } : {};
    const tried = this.tried ? { tried: this.tried } : {};
    return { type: 'checkpoint', checkpoint: { step: this.step, values, ...plateau, ...tried, ...others }, script };
  }

  private async drawing(state = this.bench.stepper.state): Promise<Raw> {
    return overlaid(await this.bench.preview.raw(state, this.progress), this.live.kept);
  }
  /** As it would be if it ended here. */
  private async finished(): Promise<Raw> {
    return overlaid(await this.bench.output.raw(this.bench.stepper.state, this.progress), this.live.kept);
  }
  private async moment(): Promise<Moment> {
    return { seen: laidOver(await this.bench.picture(this.progress), this.live.lock), finished: await this.finished() };
  }
  /** What is told at the end. */
  async end(): Promise<Extract<GuideEvent, { type: 'picture' }>> {
    const { kept, log: script } = this.live;
    return {
      type: 'picture',
      ...(await pngOf(await this.finished())),
      values: this.values,
      progress: this.progress,
      ...(kept ? { locked: await lockedAlone(kept) } : {}),
      ...(this.untidied ? { untidied: this.untidied } : {}),
      record: await recordOf(this.request, { script, steps: this.step, tried: this.tried }, this.context),
    };
  }
  private async frame(drawing: Raw): Promise<GuideEvent> {
    return { type: 'frame', step: this.step, ...(await frameOf(drawing)) };
  }

  /** A frame, and what those who do not guide think of it. */
  async *shown(views = FEW_VIEWS): AsyncGenerator<GuideEvent> {
    const drawing = await this.drawing();
    yield await this.frame(drawing);
    const { prompts } = this.live;
    for (const [by, judge] of this.judges) {
      const opinion: Opinion = await judge.opinion(drawing, prompts, this.progress, views);
      yield { type: 'judged', by, step: this.step, prompts: prompts.map(printTargets), ...opinion };
    }
  }
}

/** The clean eye of the run's own model where its guiding eye guides, and whoever is named. */
async function judgesOf(
  { lookers, judge }: ParsedGuideRequest,
  { eye, open }: LoopContext,
  canvas: Extent,
): Promise<ReadonlyMap<JudgeName, Judge>> {
  const other = eye.model.folder.guiding && lookers.some((l) => l.folder === undefined && l.eye !== 'clean');
  return new Map([
    ...(other ? [['clean', new Judge(eye, canvas)] as const] : []),
    ...(judge === undefined ? [] : [['judge', new Judge(await open(judge), canvas)] as const]),
  ]);
}

const NO_MOMENT: Moment = { seen: new Float32Array(), finished: { width: 0, height: 0, data: new Uint8Array() } };
/** What a checkpoint has of what was locked. Throws CHECKPOINT_INVALID. */
function keptIn(checkpoint: Checkpoint | undefined): Moment | undefined {
  const { [LOCKED.seen]: seen, [LOCKED.finished]: finished } = checkpoint?.values ?? {};
  if (seen && !finished) throw failure('CHECKPOINT_INVALID', { what: 'it does not have what was locked at full size' });
  return seen && finished && { seen, finished: unpacked(finished) };
}

const due = (every: number, step: number): boolean => every > 0 && step % every === 0;

/** All steps of a run, and what comes between them. Throws CANCELLED as soon as the signal aborts. */
async function* steps(
  run: Run,
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
      if (event.type === 'rewound') yield* run.shown();
    }
    alive();
    if (run.ended) return;
    const found = await run.advance();
    yield stepped(run, s.steps, found);
    if (due(s.frameEvery, run.step) && run.step < s.steps) yield* run.shown();
    if (timed && performance.now() - began - run.held > 1000 * s.seconds) await run.finish();
    // What somebody asked for is kept at once: nobody else knows of it.
    if (due(s.checkpointEvery, run.step) || (s.checkpointEvery > 0 && run.unkept)) yield await run.checkpoint();
  }
}

/** Throws CANCELLED as soon as the signal aborts. The same request on the same machine gives the same bytes. */
export async function* guide(request: ParsedGuideRequest, context: LoopContext): AsyncGenerator<GuideEvent> {
  const began = performance.now();
  const run = await Run.begin(request, context);
  try {
    const judges = [...run.judges.keys()];
    yield { type: 'compiled', nodes: run.bench.nodes, milliseconds: performance.now() - began, judges };
    yield* run.choose();
    yield* steps(run, request, context.signal);
    yield* run.tidied();
    if (run.judges.size > 0 || request.settings.frameEvery > 0) yield* run.shown(ALL_VIEWS);
    yield await run.end();
  } finally {
    await run.bench.release();
  }
}

const stepped = (run: Run, total: number, found: StepResult): GuideEvent => ({
  type: 'step',
  step: run.step,
  steps: total,
  prompts: run.live.prompts.map(printTargets),
  ...found,
});
