/** What a person can do: every action of the studio, whichever button, key or link asks for it. */
import { batch, effect } from '@preact/signals';
import { type Answer, type Steering, startSchema, type Update } from '../server/wire.ts';
import { type Connection, connect } from './connection.ts';
import { canvas } from './easel.ts';
import { addressOf, asked, standAt } from './links.ts';
import { post } from './post.ts';
import { reading } from './reading.ts';
import { chancedSeed } from './seed.ts';
import {
  allValues,
  chosen,
  chosenId,
  connected,
  finishing,
  guideWords,
  hello,
  isGoing,
  isNothing,
  looking,
  notice,
  place,
  problem,
  promptsBefore,
  revision,
  seedLocked,
  shelved,
  shown,
  shownJob,
  told,
  tool,
  values,
  written,
} from './state.ts';
import {
  byTaste,
  drawnOut,
  exploring,
  firstWall,
  LIKED,
  liked,
  nextWall,
  PASSED,
  type Tile,
  tasteful,
  type Wall,
  wall,
} from './wall.ts';

/** Runs that answer beside the canvas. */
const quiet = new Set<string>();
/** What this page began, each to be shown as soon as it is worked on. */
const wanted = new Set<string>();
/** What is to be shown as soon as it is told of, though it waits. */
const atOnce = new Set<string>();
/** Whether what is on the canvas was picked, or begun here. */
let picked = false;
/** Keys of others' runs that came with a link. */
const keys = new Map<string, string>();

const PROMPTS_KEPT = 50;

/** Whether this page may steer a run. */
export const mayTouch = (run: Update | undefined): boolean => run !== undefined && (run.mine || keys.has(run.job));
const keyed = (job: string): { readonly key?: string } => {
  const key = keys.get(job);
  return key === undefined ? {} : { key };
};

function report<T>(answer: Answer<T> | undefined, job?: string): answer is Extract<Answer<T>, { ok: true }> {
  if (answer === undefined) return false;
  problem.value = answer.ok ? undefined : { ...answer.error, ...(job === undefined ? {} : { job }) };
  return answer.ok;
}

/** Puts a run on the canvas. One that somebody picked or began here stays there, whatever else goes on. */
export function open(job: string, stays = true): void {
  const run = told.get(job);
  if (!run) return;
  picked = stays;
  batch(() => {
    shownJob.value = job;
    looking.value = undefined;
    tool.value = undefined;
    if (stays) problem.value = undefined;
  });
  canvas.clear();
  show(run);
  standAt({ run: job });
}

/** The newest drawing of a plugin that is on no wall. */
const lastOf = (plugin: string | undefined): Update | undefined =>
  told.list().find((run) => run.plugin === plugin && !run.sketch && !quiet.has(run.job) && run.state !== 'waiting');

/** Away with what is on the canvas: the last of the chosen plugin comes back, or nothing. */
export function close(): void {
  const last = lastOf(chosen.peek()?.id);
  if (last && last.job !== shownJob.peek()) {
    open(last.job);
    return;
  }
  picked = false;
  batch(() => {
    shownJob.value = undefined;
    looking.value = undefined;
    tool.value = undefined;
    problem.value = undefined;
  });
  canvas.clear();
  standAt({ run: undefined });
}

// What another plugin answered does not stay under the form of this one.
let before = chosenId.peek();
effect(() => {
  const id = chosenId.value;
  const run = shown.peek();
  if (id === before) return;
  before = id;
  if (run && run.plugin !== id && !isGoing(run)) close();
});

function show(run: Update): void {
  if (looking.value === undefined) canvas.showNewest(run);
}

/** Whether an update belongs on the canvas: the run that is there, one that runs, or the newest when nothing is there. */
function belongs(update: Update): boolean {
  const now = shown.value;
  // What grows on a wall, or is asked beside all else, is looked at there.
  if (quiet.has(update.job) || wall.value?.tiles.some(({ job }) => job === update.job)) return false;
  if (now === undefined) return asked.run === undefined && isGoing(update);
  if (atOnce.delete(update.job)) return true;
  if (wanted.has(update.job)) return update.state !== 'waiting' && update.state !== 'cancelled';
  return !picked && !(now.state === 'running') && update.state === 'running';
}

function onUpdate(news: Update): void {
  const whole = told.take(news, shownJob.value);
  revision.value += 1;
  if (news.picture) shelved.value += 1;
  if (shownJob.value === news.job) {
    if (news.frame || news.picture) show(news);
  } else if (asked.run === news.job) {
    if (asked.key !== undefined) keys.set(news.job, asked.key);
    asked.run = undefined;
    open(news.job);
  } else if (belongs(whole)) open(news.job, wanted.has(news.job));
  if (news.state !== 'waiting') wanted.delete(news.job);
}

const connection: Connection = connect({
  hello: (message) => {
    hello.value = message;
  },
  update: onUpdate,
  connected: (is) => {
    connected.value = is;
    if (!is) return;
    // A new connection is told everything again, and an old run may be gone.
    asked.run ??= shownJob.value;
    told.clear();
    batch(() => {
      shownJob.value = undefined;
      revision.value += 1;
    });
  },
});

function began(answer: Answer<{ job: string }>): boolean {
  if (!report(answer)) return false;
  // What was said of the form before it was begun with is not true any more.
  notice.value = undefined;
  place.value = 'canvas';
  const { job } = answer.value;
  const known = told.get(job);
  if (shownJob.value === job) picked = true;
  else if (!known || (known.state === 'waiting' && shown.value?.state === 'running')) wanted.add(job);
  else open(job);
  return true;
}

/** Keeps what was typed for the plugin that is chosen. */
export function set(name: string, value: unknown): void {
  const id = chosen.value?.id;
  if (id === undefined) return;
  const before = allValues.value[id] ?? {};
  const { [name]: _old, ...others } = before;
  allValues.value = { ...allValues.value, [id]: value === undefined ? others : { ...before, [name]: value } };
}

export async function begin(): Promise<void> {
  const plugin = chosen.value;
  if (!plugin) return;
  const prompt = written.value;
  if (plugin.parameters.required.includes('prompt') && prompt === undefined) {
    problem.value = {
      code: 'PROMPT_EMPTY',
      message: 'The prompt is empty: say in a few words what the picture should show.',
    };
    document.getElementById('field-prompt')?.focus();
    return;
  }
  const unread = prompt !== undefined && reading.value?.of === prompt ? reading.value.problem : undefined;
  const lacking = plugin.parameters.required.filter((name) => isNothing(values.value[name]));
  if (unread || lacking.length > 0) {
    const titles = lacking.map((name) => plugin.parameters.properties[name]?.title ?? name);
    problem.value = unread ?? { code: 'PARAMETER_INVALID', message: `Fill in first: ${titles.join(', ')}.` };
    document.getElementById(`field-${lacking[0] ?? 'prompt'}`)?.focus();
    return;
  }
  exploring.value = false;
  if (prompt !== undefined)
    promptsBefore.value = [prompt, ...promptsBefore.value.filter((p) => p !== prompt)].slice(0, PROMPTS_KEPT);
  if (!seedLocked.value && 'seed' in plugin.parameters.properties) set('seed', chancedSeed());
  const given = Object.entries(values.value).filter(
    ([name, value]) => name in plugin.parameters.properties && !isNothing(value),
  );
  began(await connection.start(plugin.id, Object.fromEntries(given)));
}

/** Begins a run whose answer is shown elsewhere than on the canvas. */
export async function askQuietly(plugin: string, parameters: Record<string, unknown>): Promise<string | undefined> {
  const answer = await connection.start(plugin, parameters);
  if (!report(answer)) return undefined;
  quiet.add(answer.value.job);
  return answer.value.job;
}

/** Where in a picture, and by which words, a score comes about. */
export async function askWhy(picture: string, words: string): Promise<void> {
  began(await connection.start('explain', { prompt: words, pictures: [picture] }));
}

/** Puts what is liked of a wall, and what is not, on boards; whether there is some of both. */
async function learned({ tiles }: Wall): Promise<boolean> {
  const files = (are: boolean): string[] =>
    tiles.flatMap(({ job }) => (liked.value.has(job) === are ? (told.get(job)?.picture?.file ?? []) : []));
  const [on, off] = [files(true), files(false)];
  if (on.length === 0 || off.length === 0) return false;
  for (const [board, names] of [
    [LIKED, on],
    [PASSED, off],
  ] as const)
    await post('shelf/boards', { board, names, on: true });
  shelved.value += 1;
  return true;
}

interface Exploring {
  readonly count: number;
  /** Whether from what is liked. */
  readonly grows: boolean;
  /** Whether by several drawers in turn. */
  readonly inTurn: boolean;
}
/** Whether anything is still drawn on the wall. */
export const wallGrows = (): boolean =>
  wall.value?.tiles.some(({ job }) => isGoing(told.get(job) ?? { state: 'done' })) ?? false;

/** Opens the wall; one of other words, on which nothing grows any more, gives way. */
export function openWall(): void {
  const tiles = wall.value?.tiles ?? [];
  const own = guideWords();
  if (!wallGrows() && !tiles.some(({ parameters }) => String(parameters['prompt'] ?? '').includes(own ?? ' ')))
    wall.value = undefined;
  exploring.value = true;
}

/** A wall of variations of the form, or of the tiles that are liked. */
export async function explore({ count, grows, inTurn }: Exploring): Promise<void> {
  const before = wall.value;
  const parents = (before?.tiles ?? []).filter(({ job }) => liked.value.has(job)).map(({ parameters }) => parameters);
  const own = grows && parents.length > 0 ? nextWall(parents, count) : firstWall(values.value, { count, inTurn });
  const learns = grows && before !== undefined && byTaste.value && (await learned(before));
  const children = learns ? own.map(tasteful) : own;
  await stopWall();
  const tiles: Tile[] = [];
  wall.value = { generation: grows && before ? before.generation + 1 : 1, tiles };
  liked.value = new Set();
  for (const parameters of children) {
    const answer = await connection.start('guide', parameters, true);
    if (!report(answer)) return;
    tiles.push({ job: answer.value.job, parameters });
    wall.value = { generation: wall.value.generation, tiles: [...tiles] };
  }
}

/** What still grows on the wall grows no more. */
export async function stopWall(): Promise<void> {
  for (const { job } of wall.value?.tiles ?? []) {
    const run = told.get(job);
    if (run && isGoing(run)) await cancel(job);
  }
}

/** A drawing of full length of what a tile shows; the form has its settings. */
export async function drawOut({ parameters }: Tile): Promise<void> {
  const whole = drawnOut(parameters, allValues.value['guide'] ?? {});
  batch(() => {
    chosenId.value = 'guide';
    allValues.value = { ...allValues.value, guide: whole };
    exploring.value = false;
  });
  began(await connection.start('guide', whole));
}

export async function steer(wish: Omit<Steering, 'job' | 'key'>): Promise<boolean> {
  const run = shown.value;
  return run !== undefined && report(await connection.steer(run.job, { ...wish, ...keyed(run.job) }), run.job);
}

/** Ends the run with its picture. */
export async function finish(): Promise<void> {
  const job = shownJob.value;
  if (job !== undefined && (await steer({ control: 'finish' }))) finishing.value = job;
}

/** Ends a run that is held, with its picture, so that another that waits has its turn. */
export const letGo = async (run: Update): Promise<void> =>
  void report(await connection.steer(run.job, { control: 'finish', ...keyed(run.job) }), run.job);

export async function goBack(step: number): Promise<void> {
  looking.value = undefined;
  await steer({ rewind: step });
}

/** Another run that begins as the one that is shown was at that step, with the prompt that is written now. */
export async function branch(step: number): Promise<void> {
  const run = shown.value;
  if (!run) return;
  const prompt = written.value;
  const other = prompt === undefined || prompt === run.prompt ? {} : { prompt };
  const answer = await connection.branch({ job: run.job, step, ...other });
  if (!began(answer)) return;
  // What is held works on nothing: the branch is looked at, though it may have to wait.
  if (answer.ok && run.paused) {
    if (told.get(answer.value.job)) open(answer.value.job);
    else atOnce.add(answer.value.job);
  } else if (looking.value !== undefined) {
    looking.value = undefined;
    show(run);
  }
  const words = other.prompt === undefined ? 'It begins' : `It goes on with “${other.prompt}”,`;
  notice.value = { text: `${words} where this one was at step ${step}.`, passing: true };
}

export const cancel = async (job: string): Promise<void> =>
  void report(await connection.cancel({ job, ...keyed(job) }), job);
export const move = async (job: string, how: 'up' | 'hold' | 'release'): Promise<void> =>
  void report(await connection.move({ job, how, ...keyed(job) }), job);
export const grant = async (plugin: string): Promise<void> => void report(await connection.grant(plugin));

/** What was uploaded from this page, to be looked at, by the name that it was given. */
export const uploaded = new Map<string, string>();
export async function upload(file: File): Promise<string | undefined> {
  const answer = await connection.upload(file);
  if (!report(answer)) return undefined;
  uploaded.set(answer.value, URL.createObjectURL(file));
  return answer.value;
}

/** A link that lets whoever has it steer this run. */
export async function invite(run: Update): Promise<void> {
  const key = run.key ?? keys.get(run.job);
  const link = new URL(addressOf({ run: run.job, ...(key === undefined ? {} : { key }) }), location.href).href;
  await navigator.clipboard?.writeText(link).catch(() => undefined);
  notice.value = { text: `Whoever has this link may steer the run: ${link}` };
}

/** Another script of this page may start a run, with parameters that no control shows. */
window.addEventListener('lodestone:start', async (event) => {
  const wish = startSchema.safeParse(event instanceof CustomEvent ? event.detail : undefined);
  if (wish.success) began(await connection.start(wish.data.plugin, wish.data.parameters));
});
