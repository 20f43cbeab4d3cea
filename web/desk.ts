/** What a person can do: every action of the studio, whichever button, key or link asks for it. */
import { batch } from '@preact/signals';
import {
  type Answer,
  refusedSchema,
  type Settings,
  type Shelved,
  type Steering,
  settingsSchema,
  startSchema,
  type Update,
} from '../server/wire.ts';
import { type Connection, connect } from './connection.ts';
import { canvas } from './easel.ts';
import { addressOf, asked } from './links.ts';
import { chancedSeed } from './seed.ts';
import {
  allValues,
  chosen,
  chosenId,
  connected,
  hello,
  isGoing,
  looking,
  notice,
  offered,
  place,
  plugins,
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
  viewed,
} from './state.ts';
import { drawnOut, exploring, firstWall, liked, nextWall, type Tile, wall } from './wall.ts';

/** What this page began, each to be shown as soon as it is worked on. */
const wanted = new Set<string>();
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
  history.replaceState(null, '', addressOf({ run: job }));
}

function show({ frame, picture }: Update): void {
  if (looking.value !== undefined) return;
  if (picture) canvas.picture(picture.url);
  else if (frame) canvas.frame(frame.bytes as BlobPart, frame.mime); // the schema has checked that these are bytes
}

/** Whether an update belongs on the canvas: the run that is there, one that runs, or the newest when nothing is there. */
function belongs(update: Update): boolean {
  const now = shown.value;
  // What grows on a wall is looked at there.
  if (wall.value?.tiles.some(({ job }) => job === update.job)) return false;
  if (now === undefined) return asked.run === undefined && isGoing(update);
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
    if (message.broken[0]) problem.value = message.broken[0];
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

function began(answer: Answer<{ job: string }>): void {
  if (!report(answer)) return;
  place.value = 'canvas';
  const { job } = answer.value;
  const known = told.get(job);
  if (shownJob.value === job) picked = true;
  else if (!known || (known.state === 'waiting' && shown.value?.state === 'running')) wanted.add(job);
  else open(job);
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
  const prompt = values.value['prompt'];
  const written = typeof prompt === 'string' && prompt.trim() !== '';
  if (plugin.parameters.required.includes('prompt') && !written) {
    problem.value = {
      code: 'PROMPT_EMPTY',
      message: 'The prompt is empty: say in a few words what the picture should show.',
    };
    document.getElementById('field-prompt')?.focus();
    return;
  }
  exploring.value = false;
  if (written)
    promptsBefore.value = [prompt, ...promptsBefore.value.filter((p) => p !== prompt)].slice(0, PROMPTS_KEPT);
  if (!seedLocked.value && 'seed' in plugin.parameters.properties) set('seed', chancedSeed());
  const given = Object.entries(values.value).filter(
    ([name, value]) =>
      name in plugin.parameters.properties && value !== '' && !(Array.isArray(value) && value.length === 0),
  );
  began(await connection.start(plugin.id, Object.fromEntries(given)));
}

/** Whether there are words to draw from. */
export const isWritten = (): boolean =>
  typeof values.value['prompt'] === 'string' && values.value['prompt'].trim() !== '';

/** A wall of variations of the form, or of the tiles that are liked. */
export async function explore(count: number, grows: boolean): Promise<void> {
  const before = wall.value;
  const parents = (before?.tiles ?? []).filter(({ job }) => liked.value.has(job)).map(({ parameters }) => parameters);
  const children = grows && parents.length > 0 ? nextWall(parents, count) : firstWall(values.value, count);
  for (const { job } of before?.tiles ?? []) {
    const run = told.get(job);
    if (run && isGoing(run)) await cancel(job);
  }
  const tiles: Tile[] = [];
  wall.value = { generation: grows && before ? before.generation + 1 : 1, tiles };
  liked.value = new Set();
  for (const parameters of children) {
    const answer = await connection.start('guide', parameters);
    if (!report(answer)) return;
    tiles.push({ job: answer.value.job, parameters });
    wall.value = { generation: wall.value.generation, tiles: [...tiles] };
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

export async function goBack(step: number): Promise<void> {
  looking.value = undefined;
  await steer({ rewind: step });
}

/** Another run that begins as the one that is shown was at that step, with the prompt that is written now. */
export async function branch(step: number): Promise<void> {
  const run = shown.value;
  if (!run) return;
  const prompt = values.value['prompt'];
  const other = typeof prompt === 'string' && prompt.trim() !== '' && prompt !== run.prompt;
  looking.value = undefined;
  began(await connection.branch({ job: run.job, step, ...(other ? { prompt } : {}) }));
}

export const cancel = async (job: string): Promise<void> =>
  void report(await connection.cancel({ job, ...keyed(job) }), job);
export const move = async (job: string, how: 'up' | 'hold' | 'release'): Promise<void> =>
  void report(await connection.move({ job, how, ...keyed(job) }), job);
export const grant = async (plugin: string): Promise<void> => void report(await connection.grant(plugin));

export async function upload(file: File): Promise<string | undefined> {
  const answer = await connection.upload(file);
  return report(answer) ? answer.value : undefined;
}

/** A link that lets whoever has it steer this run. */
export async function invite(run: Update): Promise<void> {
  const key = run.key ?? keys.get(run.job);
  const link = new URL(addressOf({ run: run.job, ...(key === undefined ? {} : { key }) }), location.href).href;
  await navigator.clipboard?.writeText(link).catch(() => undefined);
  notice.value = { text: `Whoever has this link may steer the run: ${link}` };
}

/** Takes over how something was made. Undone by the notice. */
export function useSettings({ plugin, parameters }: Settings): void {
  if (!plugins.value.some((p) => p.id === plugin)) {
    notice.value = { text: `It was made by the plugin "${plugin}", which is not here.` };
    return;
  }
  const before = { all: allValues.value, id: chosenId.value };
  batch(() => {
    chosenId.value = plugin;
    allValues.value = { ...allValues.value, [plugin]: parameters };
    viewed.value = undefined;
    offered.value = undefined;
    place.value = 'words';
    notice.value = {
      text: 'Its settings are on the left.',
      undo: () => {
        allValues.value = before.all;
        chosenId.value = before.id;
      },
    };
  });
}

/** Guide begins from a picture, or takes its style. */
export async function usePicture(as: 'start' | 'style', picture: Shelved | File): Promise<void> {
  const file =
    picture instanceof File
      ? picture
      : await fetch(picture.url).then(async (r) => new File([await r.blob()], picture.name));
  const path = await upload(file);
  if (path === undefined) return;
  const before = { all: allValues.value, id: chosenId.value };
  const prompt = before.all['guide']?.['prompt'];
  const words = typeof prompt === 'string' && prompt.trim() !== '' ? `${prompt} | ` : '';
  batch(() => {
    chosenId.value = 'guide';
    if (as === 'start') set('start', [path]);
    else set('prompt', `${words}[style:${path}]`);
    viewed.value = undefined;
    offered.value = undefined;
    place.value = 'words';
    notice.value = {
      text: as === 'start' ? 'The next drawing begins from it.' : 'Its style is among the words.',
      undo: () => {
        allValues.value = before.all;
        chosenId.value = before.id;
      },
    };
  });
}

/** How a picture of the shelf, or one that was dropped, was made; nothing where it does not say. */
export async function settingsOf(picture: Shelved | File): Promise<Settings | undefined> {
  const asking =
    picture instanceof File
      ? fetch('settings', { method: 'POST', body: picture, headers: { 'content-type': 'application/octet-stream' } })
      : fetch(`settings/${encodeURIComponent(picture.name)}`);
  return settingsSchema.safeParse(await asking.then((r) => r.json()).catch(() => undefined)).data;
}

/** Marks pictures; what is put away can be taken back. */
export async function mark(names: readonly string[], kind: 'star' | 'away', on: boolean): Promise<void> {
  const answer = await fetch('shelf/marks', {
    method: 'POST',
    body: JSON.stringify({ names, mark: kind, on }),
    headers: { 'content-type': 'application/json' },
  });
  const refused = answer.ok ? undefined : refusedSchema.safeParse(await answer.json()).data;
  if (refused) problem.value = refused.error;
  shelved.value += 1;
  if (kind === 'away' && on && !refused)
    notice.value = {
      text: names.length === 1 ? 'Put away.' : `${names.length} pictures put away.`,
      undo: () => void mark(names, kind, false),
    };
}

/** Another script of this page may start a run, with parameters that no control shows. */
window.addEventListener('lodestone:start', async (event) => {
  const wish = startSchema.safeParse(event instanceof CustomEvent ? event.detail : undefined);
  if (wish.success) began(await connection.start(wish.data.plugin, wish.data.parameters));
});
