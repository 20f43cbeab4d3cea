/** What the studio knows, as signals: components read them, desk.ts changes them. */
import { computed, signal } from '@preact/signals';
import { z } from 'zod';
import type { Hello, Settings, Shelved, Update, WireError, WirePlugin } from '../server/wire.ts';
import { remembered } from './remembered.ts';
import { Told } from './told.ts';

export type Values = Readonly<Record<string, unknown>>;

const valuesSchema = z.record(z.string(), z.record(z.string(), z.unknown()));

export const hello = signal<Hello | undefined>(undefined);
export const connected = signal(false);

export const told = new Told();
/** Grows whenever something is told. */
export const revision = signal(0);
export const runs = computed((): readonly Update[] => {
  void revision.value;
  return told.list();
});
/** The run on the canvas. */
export const shownJob = signal<string | undefined>(undefined);
export const shown = computed((): Update | undefined => {
  void revision.value;
  return shownJob.value === undefined ? undefined : told.get(shownJob.value);
});

export const chosenId = remembered('plugin', z.string(), 'guide');
export const plugins = computed((): readonly WirePlugin[] => hello.value?.plugins ?? []);
export const chosen = computed(
  (): WirePlugin | undefined => plugins.value.find((p) => p.id === chosenId.value) ?? plugins.value[0],
);
/** The plugin of a run; nothing where it is not here any more. */
export const pluginOf = (run: Pick<Update, 'plugin'> | undefined): WirePlugin | undefined =>
  plugins.value.find((p) => p.id === run?.plugin);
/** What was typed and chosen, by plugin; fields that are not here have their defaults. */
export const allValues = remembered('settings', valuesSchema, {});
export const values = computed((): Values => allValues.value[chosen.value?.id ?? ''] ?? {});
const wordsIn = ({ prompt }: Values): string | undefined =>
  typeof prompt === 'string' && prompt.trim() !== '' ? prompt : undefined;
/** The words that are written, as they are typed; nothing where there are none. */
export const written = computed(() => wordsIn(values.value));
/** Those of Guide, whichever plugin is chosen. */
export const guideWords = (): string | undefined => wordsIn(allValues.value['guide'] ?? {});
/** Whether the seed stays from run to run. */
export const seedLocked = remembered('seed-locked', z.boolean(), true);
export const promptsBefore = remembered('prompts', z.array(z.string()).max(50), []);

/** What is wrong, and of which run or form. */
export const problem = signal<(WireError & { readonly job?: string }) | undefined>(undefined);
/** A word in passing, with what takes it back where that can be. */
export const notice = signal<
  { readonly text: string; readonly undo?: () => void; readonly passing?: true } | undefined
>(undefined);

/** A step of before that is looked at; nothing for now. */
export const looking = signal<number | undefined>(undefined);
export type Brushing = 'brush' | 'eraser' | 'lock' | 'box';
export const brush = signal({ colour: '#d8352a', width: 0.04 });
/** What a hand on the canvas does: it paints, marks what stays, or draws the place of a part of the words. */
export const tool = signal<Brushing | 'place' | undefined>(undefined);
/** What it paints or marks with; nothing where it does neither. */
export const brushing = computed(() => (tool.value === 'place' ? undefined : tool.value));

export type Place = 'words' | 'canvas' | 'shelf';
/** Where a narrow window stands. */
export const place = signal<Place>('canvas');
export const folded = remembered('folded', z.object({ words: z.boolean(), shelf: z.boolean() }), {
  words: false,
  shelf: false,
});
export const theme = remembered('theme', z.enum(['system', 'light', 'dark']), 'system');

/** A picture of the shelf, or one that a run shows and that lies elsewhere. */
export type Viewable = Pick<Shelved, 'name' | 'title' | 'url' | 'svg'> & Partial<Shelved>;
/** Whether it lies on the shelf, where it can be marked. */
export const isShelved = (picture: Viewable): picture is Shelved => picture.small !== undefined;
/** The picture in the viewer, and the one beside it. */
export const viewed = signal<Viewable | undefined>(undefined);
export const beside = signal<Viewable | undefined>(undefined);
/** A picture that waits for the one it is to be compared with. */
export const comparing = signal<Viewable | undefined>(undefined);
/** Opens it; beside another that waits for one. */
export function view(picture: Viewable): void {
  const first = comparing.value;
  comparing.value = undefined;
  beside.value = first ? picture : undefined;
  viewed.value = first ?? picture;
}
export const helping = signal(false);
/** How a dropped picture was made, until somebody says what to do with it. */
export const offered = signal<{ readonly file: File; readonly settings?: Settings } | undefined>(undefined);
/** Grows when there is something new on the shelf. */
export const shelved = signal(0);

/** Of a run that is asked to end with its picture, until it does. */
export const finishing = signal<string | undefined>(undefined);

/** Whether a field was left empty. */
export const isNothing = (value: unknown): boolean =>
  value === undefined || value === '' || (Array.isArray(value) && value.length === 0);

export const isGoing = ({ state }: Pick<Update, 'state'>): boolean => state === 'running' || state === 'waiting';
