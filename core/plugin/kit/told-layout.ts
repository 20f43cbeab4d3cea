/** Where on the canvas a run wants what, told whenever it is another layout. */
import { printApart, printPrompt } from '../../guidance/prompt/print.ts';
import type { GuideEvent, Prompt } from '../../guidance/protocol.ts';
import type { PluginEvent } from '../events.ts';

type Prompts = readonly Prompt[];

export class ToldLayout {
  /** What the run begins by: that of one of its beginnings. */
  private begun: Prompts;
  private readonly beginnings: readonly Prompts[];
  /** Prompts that take the place of those before them, from a step on. */
  private changes: { readonly from: number; readonly prompts: Prompts }[] = [];
  private step = 0;
  /** What was told last. Prompts that go everywhere are not told at the beginning. */
  private shown: Prompts | undefined;

  /** `chosen` among its beginnings, itself the first, where a run is taken up that has chosen. */
  constructor(prompts: Prompts, beginnings: readonly { readonly prompts?: Prompts }[], chosen = 0) {
    this.beginnings = [prompts, ...beginnings.map((b) => b.prompts ?? prompts)];
    this.begun = this.beginnings[chosen] ?? prompts;
    this.shown = this.beginnings.flat().some((p) => p.region) ? undefined : prompts;
  }

  /** The run goes by other prompts, from the next step where no other is named. */
  change(prompts: Prompts, from = this.step + 1): void {
    this.changes.push({ from, prompts });
  }

  /** What there is to tell before an event. */
  *before(event: GuideEvent): Generator<PluginEvent> {
    if (event.type === 'trying') this.begun = this.beginnings[event.beginning - 1] ?? this.begun;
    if (event.type === 'tried') this.begun = this.beginnings[event.chosen] ?? this.begun;
    if (event.type === 'step' || event.type === 'rewound') this.step = event.step;
    if (event.type === 'rewound') this.changes = this.changes.filter(({ from }) => from <= event.step);
    const now = this.changes.findLast(({ from }) => from <= this.step)?.prompts ?? this.begun;
    if (event.type === 'tried' && now.some((p) => p.region))
      yield { type: 'note', text: `It is laid out as ${printPrompt(now)}` };
    if (now === this.shown) return;
    this.shown = now;
    yield { type: 'layout', parts: printApart(now) };
  }
}
