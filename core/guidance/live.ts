/** What may change while a run goes on, as it is now, and the log from which it can be had again. */
import type { Embeddings } from '../clip/batches.ts';
import type { ClipModel } from '../clip/model.ts';
import { meanDirection, stacked } from '../engine/scores.ts';
import { failure } from '../errors.ts';
import { noPaint, type Paint, readPaint } from './paint.ts';
import { type PictureEmbedder, type PromptFeeds, promptFeeds } from './prompt-feeds.ts';
import type { Change, GuidanceSettings, LogEntry, ParsedGuideRequest, Prompt } from './protocol.ts';
import type { Extent } from './step.ts';

export interface LiveContext {
  readonly model: ClipModel;
  readonly embedPicture: PictureEmbedder;
  readonly stylePicture: PictureEmbedder;
  readonly canvas: Extent;
}

/** A change at its step; planned ones belong to the run and are not logged. */
export type DueEntry = LogEntry & { readonly planned?: boolean };

interface Style {
  readonly profile: Embeddings;
  readonly weight: number;
}

export class Live {
  private readonly request: ParsedGuideRequest;
  private readonly context: LiveContext;
  private entries: DueEntry[] = [];
  private now!: {
    readonly settings: GuidanceSettings;
    readonly weights: Readonly<Record<string, number>>;
    readonly prompts: readonly Prompt[];
    readonly feeds: PromptFeeds;
    readonly style: Style | undefined;
    readonly paint: Paint;
    readonly finished: boolean;
  };

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
  get feeds(): PromptFeeds {
    return this.now.feeds;
  }
  /** The prompts that have a score: those that are no styles. */
  get prompts(): readonly Prompt[] {
    return this.now.prompts;
  }
  get style(): Style | undefined {
    return this.now.style;
  }
  get paint(): Paint {
    return this.now.paint;
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

  private async begin(): Promise<void> {
    this.now = {
      settings: this.request.settings,
      weights: {},
      ...(await this.read(this.request.prompts)),
      paint: noPaint(this.context.canvas),
      finished: false,
    };
  }

  private async read(all: readonly Prompt[]): Promise<{
    readonly prompts: readonly Prompt[];
    readonly feeds: PromptFeeds;
    readonly style: Style | undefined;
  }> {
    const { model, embedPicture } = this.context;
    const prompts = all.filter((p) => !isStyle(p));
    return {
      prompts,
      feeds: await promptFeeds(model, prompts, this.request.settings.crops, embedPicture),
      style: await this.styleOf(all.filter(isStyle)),
    };
  }

  /** The styles of the request and of the prompts as one: the mean direction, and the sum of the weights. */
  private async styleOf(prompts: readonly Prompt[]): Promise<Style | undefined> {
    const given = this.request.style;
    const pictures = prompts.flatMap((p) => p.targets.flat()).flatMap((item) => (item.style ? [item.style] : []));
    const profiles = await Promise.all(pictures.map((picture) => this.context.stylePicture(picture)));
    const all = [...(given ? [given.profile] : []), ...profiles];
    if (all.length === 0) return undefined;
    const weight = prompts.reduce((sum, p) => sum + Math.max(0, p.weight), given?.weight ?? 0);
    return { profile: meanDirection(stacked(all)), weight };
  }

  /** Throws PROMPT_EMPTY, PICTURE_UNREADABLE, STEER_INVALID; a change that fails leaves all as it was. */
  async apply(entry: DueEntry): Promise<void> {
    const { prompts, settings, weights, paint, finish }: Change = entry.change;
    if (finish && this.finished) return;
    const unknown = Object.keys(weights ?? {}).find(
      (name) => name !== 'style' && !this.request.losses.some((l) => l.name === name),
    );
    if (unknown !== undefined)
      throw failure('STEER_INVALID', {
        what: `this run has no pull named "${unknown}"; begin it with a weight of 0 to have it at hand`,
      });
    const read = prompts ? await this.read(prompts) : this.now;
    const styled = read.style;
    if (styled && !this.hasStyle)
      throw failure('STEER_INVALID', { what: 'a style can only be changed in a run that began with one' });
    const style = styled && weights?.['style'] !== undefined ? { ...styled, weight: weights['style'] } : styled;
    this.now = {
      ...this.now,
      ...read,
      style,
      ...(settings ? { settings: { ...this.now.settings, ...settings } } : {}),
      ...(weights ? { weights: { ...this.now.weights, ...weights } } : {}),
      ...(paint === undefined ? {} : { paint: await this.painted(paint) }),
      ...(finish ? { finished: true } : {}),
    };
    this.entries.push(entry);
  }

  /** Whether the run's graph looks at style: it does when the run begins with one. */
  get hasStyle(): boolean {
    return this.request.style !== undefined || this.request.prompts.some(isStyle);
  }

  private async painted(picture: Change['paint']): Promise<Paint> {
    return picture ? readPaint(this.context.canvas, picture) : noPaint(this.context.canvas);
  }

  /** All as it was when `step` steps were done. */
  async back(step: number): Promise<void> {
    const kept = this.entries.filter((e) => e.step <= step && !e.change.finish);
    this.entries = [];
    await this.begin();
    for (const entry of kept) await this.apply(entry);
  }
}

const isStyle = (p: Prompt): boolean => p.targets.flat().some((item) => item.style !== undefined);
