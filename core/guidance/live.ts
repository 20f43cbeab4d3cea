/** What may change while a run goes on, as it is now, and the log from which it can be had again. */
import type { Embeddings } from '../clip/batches.ts';
import type { ClipModel } from '../clip/model.ts';
import { remembered } from '../clip/remembered.ts';
import type { PictureSource } from '../engine/requests.ts';
import { meanDirection, stacked } from '../engine/scores.ts';
import { failure } from '../errors.ts';
import { readOnnx } from '../graph/index.ts';
import type { Lock, Moment } from './locked.ts';
import type { Eye } from './looker.ts';
import { beneath, noPaint, type Paint, paintOf, readPaint } from './paint.ts';
import { readMask } from './place.ts';
import type { Extent } from './plane.ts';
import { asksWithPictures } from './prompt/pictured.ts';
import { type PromptFeeds, promptFeeds } from './prompt-feeds.ts';
import type {
  Change,
  GuidanceSettings,
  LogEntry,
  LookerChoice,
  ParsedGuideRequest,
  Prompt,
  ReadyDrawer,
} from './protocol.ts';
import { canvasOf } from './step.ts';

export interface LiveContext {
  readonly canvas: Extent;
  /** The models of a choice, in its order. */
  readonly eyesOf: (choice: readonly LookerChoice[]) => Promise<readonly Eye[]>;
  /** The drawing as it is now. */
  readonly moment: () => Promise<Moment>;
}

/** A change at its step; planned ones belong to the run and are not logged. */
export type DueEntry = LogEntry & { readonly planned?: boolean };

interface Style {
  readonly profile: Embeddings;
  readonly weight: number;
}

interface Now {
  readonly settings: GuidanceSettings;
  readonly weights: Readonly<Record<string, number>>;
  readonly drawer: ReadyDrawer;
  readonly lookers: readonly LookerChoice[];
  readonly eyes: readonly Eye[];
  /** All that were asked for, styles too. */
  readonly asked: readonly Prompt[];
  /** Those that have a score. */
  readonly prompts: readonly Prompt[];
  /** One for each model. */
  readonly feeds: readonly PromptFeeds[];
  readonly style: Style | undefined;
  /** The first that was asked for: what is told of the style where none is wanted any more. */
  readonly firstStyle: Style | undefined;
  readonly paint: Paint;
  readonly lock: Paint;
  /** What of the lock is not painted over. */
  readonly bared: Paint;
  readonly painted: PictureSource | undefined;
  readonly locked: Omit<Lock, 'painted'> | undefined;
  /** The lock, with what is painted over it. */
  readonly kept: Lock | undefined;
  readonly finished: boolean;
}

export class Live {
  private readonly request: ParsedGuideRequest;
  private readonly context: LiveContext;
  private entries: DueEntry[] = [];
  /** What the drawing was when it was locked. */
  private readonly moments = new WeakMap<DueEntry, Moment>();
  /** Models whose styles the request's own was compared with. */
  private readonly compared = new WeakMap<ClipModel, Promise<void>>();
  private now!: Now;

  private constructor(request: ParsedGuideRequest, context: LiveContext) {
    this.request = request;
    this.context = context;
  }
  /** As a run begins, before any change. */
  static async of(request: ParsedGuideRequest, context: LiveContext): Promise<Live> {
    const live = new Live(request, context);
    await live.begin();
    return live;
  }

  get settings(): GuidanceSettings {
    return this.now.settings;
  }
  get feeds(): readonly PromptFeeds[] {
    return this.now.feeds;
  }
  /** The prompts that have a score: those that are no styles. */
  get prompts(): readonly Prompt[] {
    return this.now.prompts;
  }
  get style(): Style | undefined {
    return this.now.style;
  }
  /** What is painted. */
  get paint(): Paint {
    return this.now.paint;
  }
  /** What is locked and not painted over. */
  get lock(): Paint {
    return this.now.bared;
  }
  /** Whether anything is wanted of the drawing at `progress`, 0..1. */
  pullsAt(progress: number): boolean {
    const { feeds, style, paint, lock } = this.now;
    return (
      feeds.some((f) => f.pulls(progress)) ||
      (style?.weight ?? 0) > 0 ||
      paint.covered + lock.covered > 0 ||
      [...this.weights, ...this.directionWeights].some((w) => w !== 0)
    );
  }
  /** What is locked, as it was; nothing where nothing is. */
  get kept(): Lock | undefined {
    return this.now.kept;
  }
  get drawer(): ReadyDrawer {
    return this.now.drawer;
  }
  get lookers(): readonly LookerChoice[] {
    return this.now.lookers;
  }
  get eyes(): readonly Eye[] {
    return this.now.eyes;
  }
  get finished(): boolean {
    return this.now.finished;
  }
  get log(): readonly LogEntry[] {
    return this.entries.filter((e) => !e.planned);
  }
  /** Weight of each loss, in the order of the request. */
  get weights(): readonly number[] {
    return this.request.losses.map(({ name, weight }) => this.now.weights[name] ?? weight);
  }
  /** Which model directions are among the embeddings of: the run's own where it guides, else the first. */
  get led(): number {
    return ledBy(this.now.lookers);
  }
  /** Weight of each direction, in the order of the request. */
  get directionWeights(): readonly number[] {
    return this.request.directions.map(({ name, weight }) => this.now.weights[name] ?? weight);
  }

  private async begin(): Promise<void> {
    const { settings, drawer, lookers, prompts } = this.request;
    const eyes = await this.context.eyesOf(lookers);
    const none = noPaint(this.context.canvas);
    const read = await this.read(prompts, eyes);
    checkDirections(this.request, read.feeds[ledBy(lookers)]);
    const nothing = { painted: undefined, locked: undefined, kept: undefined };
    const clean = { firstStyle: read.style, paint: none, lock: none, bared: none, ...nothing };
    this.now = { settings, weights: {}, drawer, lookers, eyes, ...read, ...clean, finished: false };
  }

  private async read(
    asked: readonly Prompt[],
    eyes: readonly Eye[],
  ): Promise<Pick<Now, 'asked' | 'prompts' | 'feeds' | 'style'>> {
    const prompts = asked.filter((p) => !isStyle(p));
    const { crops } = this.request.settings;
    const { canvas } = this.context;
    const pictured = asksWithPictures(this.request);
    return {
      asked,
      prompts,
      feeds: await Promise.all(eyes.map((eye) => promptFeeds(prompts, { ...eye, crops, canvas, pictured }))),
      style: await this.styleOf(asked.filter(isStyle), eyes),
    };
  }

  /** The styles of the request and of the prompts as one: the mean direction, and the sum of the weights. */
  private async styleOf(prompts: readonly Prompt[], [eye]: readonly Eye[]): Promise<Style | undefined> {
    const given = this.request.style;
    if (given && eye) await remembered(this.compared, eye.model, () => checkStyle(given.profile, eye));
    const pictures = prompts.flatMap((p) => p.targets.flat()).flatMap((item) => (item.style ? [item.style] : []));
    const profiles = await Promise.all(pictures.flatMap((picture) => (eye ? [eye.stylePicture(picture)] : [])));
    const all = [...(given ? [given.profile] : []), ...profiles];
    if (all.length === 0) return undefined;
    const weight = prompts.reduce((sum, p) => sum + Math.max(0, p.weight), given?.weight ?? 0);
    return { profile: meanDirection(stacked(all)), weight };
  }

  /**
   * Returns what takes it back. Throws PROMPT_EMPTY, PICTURE_UNREADABLE, MASK_INVALID, STEER_INVALID; a change that
   * fails leaves all as it was.
   */
  async apply(entry: DueEntry): Promise<() => void> {
    const change = entry.planned ? this.unsteered(entry.change) : entry.change;
    const { prompts, settings, weights, paint, lock, drawer, lookers, finish } = change;
    if (finish && this.finished) return () => undefined;
    this.check(change);
    const eyes = lookers ? await this.context.eyesOf(lookers) : this.now.eyes;
    const read = prompts || lookers ? await this.read(prompts ?? this.now.asked, eyes) : this.now;
    checkDirections(this.request, read.feeds[ledBy(lookers ?? this.now.lookers)]);
    // Another model has another notion of the first style.
    const firstStyle = lookers
      ? await this.styleOf(this.request.prompts.filter(isStyle), eyes)
      : (this.now.firstStyle ?? read.style);
    // The graph of a run that began with a style asks for one; where none is wanted any more it weighs nothing.
    const style = this.weighed(read.style ?? (firstStyle && { ...firstStyle, weight: 0 }), weights);
    const { asked, prompts: scored, feeds } = read;
    const laid = paint === undefined && lock === undefined ? {} : await this.laid(change, entry);
    const [before, entries] = [this.now, this.entries];
    this.now = {
      ...before,
      ...{ asked, prompts: scored, feeds, style, firstStyle },
      ...(lookers ? { lookers, eyes } : {}),
      ...(drawer ? { drawer } : {}),
      ...(settings ? { settings: { ...before.settings, ...settings } } : {}),
      ...(weights ? { weights: { ...before.weights, ...weights } } : {}),
      ...laid,
      ...(finish ? { finished: true } : {}),
    };
    this.entries = [...entries, entry];
    return () => {
      this.now = before;
      this.entries = entries;
    };
  }

  /** What of a planned change nobody has changed since: a plan does not undo what somebody asked for. */
  private unsteered({ prompts, paint, ...others }: Change): Change {
    const asked = (name: 'prompts' | 'paint'): boolean => this.log.some((e) => e.change[name] !== undefined);
    return {
      ...others,
      ...(prompts === undefined || asked('prompts') ? {} : { prompts }),
      ...(paint === undefined || asked('paint') ? {} : { paint }),
    };
  }

  /** The style at the weight that was asked for, now or before; one that weighs nothing stays so until asked. */
  private weighed(style: Style | undefined, weights: Change['weights']): Style | undefined {
    if (style && !this.hasStyle)
      throw failure('STEER_INVALID', { what: 'a style can only be changed in a run that began with one' });
    const wished = weights?.['style'] ?? (style?.weight === 0 ? undefined : this.now.weights['style']);
    return style && wished !== undefined ? { ...style, weight: wished } : style;
  }

  /** Throws STEER_INVALID for what this run has no room for. */
  private check({ weights, drawer, settings }: Change): void {
    const { losses, directions, drawer: first } = this.request;
    const known = new Set(['style', ...losses.map((l) => l.name), ...directions.map((d) => d.name)]);
    const unknown = Object.keys(weights ?? {}).find((name) => !known.has(name));
    if (unknown !== undefined)
      throw failure('STEER_INVALID', {
        what: `this run has no pull named "${unknown}"; begin it with a weight of 0 to have it at hand`,
      });
    if (drawer && drawer.id !== first.id)
      throw failure('STEER_INVALID', {
        what: `it draws with "${first.id}", and "${drawer.id}" has nothing in common with that; start another from its picture`,
      });
    if (drawer && !sameExtent(canvasOf(readOnnx({ bytes: drawer.canvas, name: drawer.id })), this.context.canvas))
      throw failure('STEER_INVALID', { what: 'the shape of its canvas is as it began' });
    if (settings?.['rotation'] && this.request.settings.rotation === 0)
      throw failure('STEER_INVALID', { what: 'crops can only be turned in a run that began with a rotation above 0' });
  }

  /** Whether the run's graph looks at style: it does when the run begins with one. */
  get hasStyle(): boolean {
    return this.request.style !== undefined || this.request.prompts.some(isStyle);
  }

  /** What is painted and what is locked, the one over the other. */
  private async laid(
    { paint, lock }: Change,
    entry: DueEntry,
  ): Promise<Pick<Now, 'paint' | 'lock' | 'bared' | 'painted' | 'locked' | 'kept'>> {
    const { canvas } = this.context;
    const painted = paint === undefined ? this.now.painted : (paint ?? undefined);
    const over = paint === undefined ? this.now.paint : painted ? await readPaint(canvas, painted) : noPaint(canvas);
    const locked = lock === undefined ? this.now.locked : lock ? await this.lockedBy(lock, entry) : undefined;
    const under =
      lock === undefined
        ? this.now.lock
        : locked
          ? paintOf(locked.was.seen, await readMask(canvas, locked.mask))
          : noPaint(canvas);
    const kept = locked && { ...locked, painted };
    return { paint: over, lock: under, bared: beneath(under, over), painted, locked, kept };
  }

  /** The drawing as it is now, or as it was when this entry was applied first. */
  private async lockedBy(mask: PictureSource, entry: DueEntry): Promise<Omit<Lock, 'painted'>> {
    const was = this.moments.get(entry) ?? (await this.context.moment());
    this.moments.set(entry, was);
    return { mask, was };
  }

  /** All as it was when `step` steps were done. Returns what takes it back; one that fails leaves all as it was. */
  async back(step: number): Promise<() => void> {
    const [before, entries] = [this.now, this.entries];
    const takeBack = (): void => {
      this.now = before;
      this.entries = entries;
    };
    try {
      this.entries = [];
      await this.begin();
      for (const entry of entries) if (entry.step <= step && !entry.change.finish) await this.apply(entry);
    } catch (thrown) {
      takeBack();
      throw thrown;
    }
    return takeBack;
  }
}

/** Throws STEER_INVALID for a style that was taken with another model than the first that guides. */
async function checkStyle({ dimension }: Embeddings, { model }: Eye): Promise<void> {
  const side = await model.side();
  const own = await model.styleProfiles(new Float32Array(3 * side * side), 1);
  if (own.dimension === dimension) return;
  throw failure('STEER_INVALID', {
    what: `its style was taken with another model, or with the eye that does not guide: it has ${dimension} numbers, and this one's styles ${own.dimension}`,
  });
}
const isStyle = (p: Prompt): boolean => p.targets.flat().some((item) => item.style !== undefined);
const ledBy = (lookers: readonly LookerChoice[]): number =>
  Math.max(
    0,
    lookers.findIndex(({ folder }) => folder === undefined),
  );
/** Throws STEER_INVALID for a direction among the embeddings of another model. */
function checkDirections({ directions }: ParsedGuideRequest, first: PromptFeeds | undefined): void {
  const strange = directions.find(({ row }) => row.length !== first?.dimension);
  if (!strange || !first) return;
  throw failure('STEER_INVALID', {
    what: `"${strange.name}" was learned with another model: it has ${strange.row.length} numbers, and this one's embeddings ${first.dimension}`,
  });
}
const sameExtent = (a: Extent, b: Extent): boolean => a.height === b.height && a.width === b.width;
