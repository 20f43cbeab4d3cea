/** Runs of an engine's own guidance, small enough for tests. */
import sharp, { type Region, type Stats } from 'sharp';
import type { Command } from '../../core/guidance/protocol.ts';
import {
  type Drawer,
  type Engine,
  type GuideEvent,
  type GuideRequest,
  guidanceSettingsSchema,
  parsePrompt,
  type RunRecord,
  readyDrawer,
} from '../../core/index.ts';

export const request = (
  drawer: Drawer<never>,
  prompt: string,
  settings: object,
  more: Partial<GuideRequest> = {},
): GuideRequest => ({
  run: 'test',
  drawer: readyDrawer(drawer, {} as never, 1, { preview: 64, output: 96 }),
  prompts: parsePrompt(prompt),
  settings: guidanceSettingsSchema.parse({ steps: 12, crops: 2, ...settings }),
  losses: [],
  ...more,
});

export interface Guiding {
  run(r: GuideRequest, on?: (e: GuideEvent) => void, signal?: AbortSignal): Promise<GuideEvent[]>;
  tell(command: Command): Promise<void>;
}

export const guidingWith = (engine: Engine): Guiding => ({
  async run(r, on = () => undefined, signal) {
    const events: GuideEvent[] = [];
    for await (const event of engine.guide(r, signal ? { signal } : {})) {
      events.push(event);
      on(event);
    }
    return events;
  },
  tell: (command) => engine.steer({ run: 'test', command }),
});

export const change = (prompt: string): Command => ({ kind: 'change', change: { prompts: parsePrompt(prompt) } });
export const cosines = (events: readonly GuideEvent[], slot = 0): number[] =>
  events.flatMap((e) => (e.type === 'step' ? [e.cosines[slot] ?? Number.NaN] : []));
export const picture = (events: readonly GuideEvent[]): Uint8Array =>
  events.flatMap((e) => (e.type === 'picture' ? [e.bytes] : []))[0] ?? new Uint8Array();
export const recordOf = (events: readonly GuideEvent[]): RunRecord | undefined =>
  events.flatMap((e) => (e.type === 'picture' ? [e.record] : []))[0];
/** Sharp's own `stats` looks at the whole picture, whatever is cut out of it first. */
export const statsOf = async (png: Uint8Array, box: Region): Promise<Stats> =>
  sharp(await sharp(png).extract(box).png().toBuffer()).stats();
