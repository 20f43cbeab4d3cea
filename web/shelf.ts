/** The shelf of finished pictures: what is looked for, what was found, which of it is picked, and the boards. */
import { batch, effect, signal } from '@preact/signals';
import { boardsSchema, type Shelved, shelfSchema, shelvedSchema } from '../server/wire.ts';
import { askQuietly } from './desk.ts';
import { asked, standAt } from './links.ts';
import { post } from './post.ts';
import { revision, shelved, told, view } from './state.ts';

export const TIMES = [
  { id: 'any', name: 'Any time' },
  { id: 'today', name: 'Today' },
  { id: 'week', name: 'The last 7 days' },
  { id: 'before', name: 'A week ago' },
  { id: 'month', name: 'The last 30 days' },
  { id: 'older', name: 'Older' },
] as const;
type When = (typeof TIMES)[number]['id'];

interface Query {
  readonly words: string;
  readonly starred: boolean;
  /** Whether pictures that were only tried out are among them. */
  readonly sketches: boolean;
  readonly drawer: string;
  readonly when: When;
  readonly board: string;
}
const EVERYTHING: Query = { words: '', starred: false, sketches: false, drawer: '', when: 'any', board: '' };
export const query = signal<Query>({ ...EVERYTHING, board: asked.board ?? '' });
export const narrow = (change: Partial<Query>): void => {
  query.value = { ...query.value, ...change };
};

export const found = signal<readonly Shelved[] | undefined>(undefined);
export const total = signal(0);
/** How many of the whole shelf were only tried out. */
export const sketched = signal(0);
/** What pictures of the whole shelf were drawn with. */
export const drawers = signal<readonly string[]>([]);
export const boards = signal<readonly { readonly name: string; readonly count: number }[]>([]);

/** Whether a hand is over the pictures: they do not move under it. */
export const handOver = signal(false);
/** Whether there is something new that waits for the hand to go. */
export const waiting = signal(false);

/** Whether a click picks, and what is picked. */
export const picking = signal(false);
export const picked = signal<ReadonlySet<string>>(new Set());

/** Looking for what pictures show: the run that looks. */
export const looks = signal<{ readonly job: string; readonly words: string } | undefined>(undefined);

const PAGE = 60;
const DAY_MS = 24 * 3600 * 1000;

/** From and to, milliseconds since 1970. */
function spanOf(when: When): { readonly from?: string; readonly to?: string } {
  const midnight = new Date().setHours(0, 0, 0, 0);
  const ago = (days: number): string => String(midnight - days * DAY_MS);
  switch (when) {
    case 'today':
      return { from: ago(0) };
    case 'week':
      return { from: ago(6) };
    case 'before':
      return { from: ago(13), to: ago(6) };
    case 'month':
      return { from: ago(29) };
    case 'older':
      return { to: ago(29) };
    default:
      return {};
  }
}

/** What the pictures that are shown were looked for by. */
let seen: Query | undefined;
let turn = 0;
export async function more(from: number): Promise<void> {
  const own = ++turn;
  const { words, starred, sketches, drawer, when, board } = query.peek();
  const wanted = {
    words,
    starred: String(starred),
    sketches: String(sketches),
    drawer,
    board,
    offset: String(from),
    limit: String(PAGE),
  };
  const answer = await fetch(`shelf?${new URLSearchParams({ ...wanted, ...spanOf(when) })}`).catch(() => undefined);
  // A board whose last picture went is none.
  if (answer?.status === 404 && board !== '') narrow({ board: '' });
  const page = answer?.ok ? shelfSchema.safeParse(await answer.json()).data : undefined;
  if (!page || own !== turn) return;
  batch(() => {
    total.value = page.total;
    sketched.value = page.sketches;
    drawers.value = page.drawers;
    found.value = from === 0 ? page.pictures : [...(found.peek() ?? []).slice(0, from), ...page.pictures];
  });
}

async function askBoards(): Promise<void> {
  const answer = await fetch('shelf/boards').catch(() => undefined);
  const list = answer?.ok ? boardsSchema.safeParse(await answer.json()).data : undefined;
  if (list) boards.value = list;
}

effect(() => {
  const { board } = query.value;
  standAt({ board: board === '' ? undefined : board });
});
effect(() => {
  void query.value;
  void shelved.value;
  if (looks.value !== undefined) return;
  if (handOver.peek() && seen === query.value) waiting.value = true;
  else void more(0);
  seen = query.value;
});
effect(() => {
  if (handOver.value || !waiting.peek()) return;
  waiting.value = false;
  void more(0);
});
/** What is new is shown at once. */
export function showNew(): void {
  waiting.value = false;
  void more(0);
}
effect(() => {
  void shelved.value;
  void askBoards();
});

/** Most pictures that a search by what they show gives. */
const BEST = 60;
/** Looks by CLIP for what the words say, in all of the shelf or on its board. */
export async function lookFor(words: string): Promise<void> {
  const { board } = query.peek();
  const pictures = [board === '' ? 'shelf:' : `board:${board}`];
  const job = await askQuietly('search', { query: words, pictures, best: BEST });
  if (job !== undefined)
    batch(() => {
      looks.value = { job, words };
      found.value = undefined;
      total.value = 0;
    });
}
export function lookNoMore(): void {
  looks.value = undefined;
}

/** Opens the picture of that name, with all that the shelf knows of it. */
export async function viewShelved(name: string): Promise<void> {
  const [picture] = await named([name]);
  if (picture) view(picture);
}

const nameOf = (path: string): string => path.split(/[/\\]/).at(-1) ?? path;
async function named(names: readonly string[]): Promise<readonly Shelved[]> {
  const answer = await post('shelf/named', { names }).catch(() => undefined);
  return (answer?.ok ? shelvedSchema.safeParse(await answer.json()).data : undefined) ?? [];
}
async function showFound(job: string, names: readonly string[]): Promise<void> {
  const pictures = await named(names);
  if (looks.peek()?.job !== job) return;
  batch(() => {
    found.value = pictures;
    total.value = pictures.length;
  });
}
/** The run whose answer is shown, and the marks that it is shown with. */
let answered = '';
effect(() => {
  void revision.value;
  const marks = shelved.value;
  const now = looks.value;
  const run = now && told.get(now.job);
  if (!now || !run || run.state !== 'done') return;
  const answer = `${now.job} ${marks}`;
  if (answer === answered) return;
  answered = answer;
  const names = (run.ranking?.items ?? []).map(({ picture }) => nameOf(picture));
  if (names.length > 0) void showFound(now.job, names);
  else found.value = [];
});

export function pick(name: string, on: boolean): void {
  const next = new Set(picked.value);
  if (on) next.add(name);
  else next.delete(name);
  picked.value = next;
}
/** From the last that was picked to this one. */
export function pickTo(name: string): void {
  const names = (found.peek() ?? []).map((p) => p.name);
  const last = [...picked.value].at(-1);
  const [a, b] = [names.indexOf(last ?? name), names.indexOf(name)];
  picked.value = new Set([...picked.value, ...names.slice(Math.max(0, Math.min(a, b)), Math.max(a, b) + 1)]);
}
export function pickNone(): void {
  picking.value = false;
  picked.value = new Set();
}
