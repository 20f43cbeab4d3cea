/** The studio: joins controls, canvas, chart and gallery to the server. */
import { type Answer, type Hello, startSchema, type Update, type WireError, type WirePlugin } from '../server/wire.ts';
import { createBrushes } from './brushes.ts';
import { createChart } from './chart.ts';
import { connect } from './connection.ts';
import { type Controls, createControls } from './controls.ts';
import { createEasel } from './easel.ts';
import { byId, make } from './element.ts';
import { showGallery } from './gallery.ts';
import { createLayout } from './layout.ts';
import { showRanking } from './ranking.ts';
import { clearResults, showQuestion, showResults } from './results.ts';
import { createRunList, turnOf } from './run-list.ts';
import { Told } from './told.ts';
import { createTransport } from './transport.ts';
import { showWants } from './wants.ts';

const [tabs, fields, about, state, error, notes] = [
  byId('plugins', HTMLElement),
  byId('fields', HTMLDivElement),
  byId('about', HTMLParagraphElement),
  byId('state', HTMLSpanElement),
  byId('error', HTMLParagraphElement),
  byId('notes', HTMLUListElement),
];
const [go, anew, cancel, form, progress, download, drawing] = [
  byId('go', HTMLButtonElement),
  byId('anew', HTMLButtonElement),
  byId('cancel', HTMLButtonElement),
  byId('controls', HTMLFormElement),
  byId('progress', HTMLProgressElement),
  byId('download', HTMLAnchorElement),
  byId('drawing', HTMLAnchorElement),
];
const [ranking, easelBox, wants] = [
  byId('ranking', HTMLOListElement),
  byId('easel', HTMLElement),
  byId('wants', HTMLElement),
];
const easel = createEasel();
const chart = createChart(byId('chart', HTMLDivElement));
const report = (answer: Answer<unknown> | undefined): void =>
  showError(answer && !answer.ok ? answer.error : undefined);
const transport = createTransport(
  async (wish) => report(shown && (await connection.steer(shown.job, wish))),
  async (step) => {
    const prompt = controls?.values()['prompt'];
    const other = typeof prompt === 'string' && prompt !== shown?.prompt ? { prompt } : {};
    if (shown) began(await connection.branch({ job: shown.job, step, ...other }));
  },
);
const brushes = createBrushes(async (stroke) => {
  if (!shown) return;
  const [[kind, blob] = ['paint', null]] = Object.entries(stroke);
  if (blob === null) return report(await connection.steer(shown.job, { [kind]: null }));
  const sent = await connection.upload(new File([blob], `${kind}.png`, { type: 'image/png' }));
  report(sent.ok ? await connection.steer(shown.job, { [kind]: sent.value }) : sent);
});
const layout = createLayout(async (prompt) => report(shown && (await connection.steer(shown.job, { prompt }))));
const told = new Told();
const listRuns = createRunList({
  show: (job) => open(job, true),
  move: async (job, how) => report(await connection.move({ job, how })),
  cancel: async (job) => report(await connection.cancel(job)),
});
/** What this page began, each to be shown as soon as it is worked on. */
const wanted = new Set<string>();
/** Whether what is on the easel was picked, or begun here. */
let picked = false;
let plugins: readonly WirePlugin[] = [];

let controls: Controls | undefined;
let chosen: WirePlugin | undefined;
/** The job on the easel. */
let shown:
  | { readonly job: string; readonly running: boolean; readonly waiting: boolean; readonly prompt: string }
  | undefined;

function showError(problem: WireError | undefined): void {
  error.hidden = problem === undefined;
  error.textContent = problem ? problem.message : '';
  error.dataset['code'] = problem?.code ?? '';
}

const WORDS: Record<Update['state'], string> = {
  waiting: 'Waiting for its turn',
  running: 'Working',
  done: 'Done',
  failed: 'It did not work',
  cancelled: 'Cancelled',
};

function begin(update: Update): void {
  shown = { job: update.job, running: true, waiting: true, prompt: update.title };
  brushes.clear();
  layout.clear();
  clearResults();
  chart.clear();
  notes.replaceChildren();
  download.hidden = true;
  drawing.hidden = true;
  ranking.hidden = true;
  easelBox.hidden = false;
}

const listAgain = (): void => listRuns(told.list(), shown?.job);
let listing = 0;
/** Once before the next picture is drawn. */
function listSoon(): void {
  if (listing !== 0) return;
  listing = requestAnimationFrame(() => {
    listing = 0;
    listAgain();
  });
}

/** What was asked for here is shown as soon as it is worked on. */
function began(answer: Answer<{ job: string }>): void {
  report(answer);
  if (!answer.ok) return;
  const { job } = answer.value;
  const known = told.get(job);
  if (!known || known.state === 'waiting') wanted.add(job);
  else if (shown?.job === job) picked = true;
  else open(job, true);
}

/** Whether Go steers what is on the easel; another run has a button of its own then. */
function steers(does: boolean): void {
  go.textContent = does ? 'Steer to this prompt' : 'Go';
  anew.hidden = !does;
}

/** Whether an update belongs on the easel: the job that is there, one that runs, one that waits when nothing runs, or the newest when nothing is there. */
function belongs(update: Update): boolean {
  if (shown === undefined || shown.job === update.job) return true;
  if (wanted.has(update.job)) return update.state !== 'waiting' && update.state !== 'cancelled';
  if (picked || (shown.running && !shown.waiting)) return false;
  return update.state === 'running' || (update.state === 'waiting' && !shown.running);
}

function onUpdate(news: Update): void {
  told.take(news, shown?.job);
  if (news.picture) void showGallery();
  if (shown?.job === news.job) show(news);
  else if (belongs(news)) open(news.job, wanted.has(news.job));
  if (news.state !== 'waiting') wanted.delete(news.job);
  listSoon();
}

/** Puts a run on the easel, with all that was told of it. One that somebody picked or began here stays there, whatever else goes on. */
function open(job: string, stays: boolean): void {
  const whole = told.get(job);
  if (!whole) return;
  picked = stays;
  begin(whole);
  easel.clear();
  showError(undefined);
  show(whole);
  listAgain();
}

function show(update: Update): void {
  const running = update.state === 'running' || update.state === 'waiting';
  shown = { job: update.job, running, waiting: update.state === 'waiting', prompt: update.title };
  const { progress: far } = update;
  const plugin = plugins.find((p) => p.id === update.plugin);
  transport.show(update, plugin?.steerable ?? false);
  layout.show(update, plugin?.steerable ?? false);
  brushes.show(update.state === 'running' && (plugin?.paintable ?? false));
  const what = far?.label === undefined ? '' : `${far.label}, `;
  const done = running && far && far.total > 0 ? ` · ${what}${far.done} of ${far.total}` : '';
  const turn = turnOf(update);
  state.textContent = `${update.paused && running ? 'Paused' : WORDS[update.state]}: ${update.title}${done}${turn && ` · ${turn}`}`;
  state.dataset['state'] = update.state;
  progress.hidden = !running;
  if (far && far.total > 0) progress.value = far.done / far.total;
  cancel.hidden = !running;
  steers(update.state === 'running' && chosen?.id === update.plugin && chosen.steerable);
  showNews(update);
  if (update.error) showError(update.error);
}

/** Whether the run on the easel has drawn nothing yet. */
const nothingDrawn = (): boolean => download.hidden === true && ranking.hidden === true;

/** What is new of frames, scores, notes, rankings and pictures. */
function showNews(update: Update): void {
  showResults(update);
  showQuestion(update, async (question, choice) => {
    report(shown && (await connection.steer(shown.job, { answer: { question, choice } })));
  });
  // What only says something in words needs no empty canvas above it.
  const inWords = update.question !== null || (update.tables?.length ?? 0) > 0;
  if (inWords && !update.picture && !update.frame && nothingDrawn()) easelBox.hidden = true;
  if (update.frame) easel.frame(update.frame.bytes as BlobPart, update.frame.mime); // the schema has checked that these are bytes
  chart.add(update.chartFrom, update.chart);
  notes.append(...update.notes.map((textContent) => make('li', { textContent })));
  if (update.ranking) {
    showRanking(ranking, update.ranking);
    ranking.hidden = false;
    easelBox.hidden = update.picture === undefined && update.frame === undefined;
  }
  if (update.picture) {
    easel.picture(update.picture.url);
    Object.assign(download, { href: update.picture.url, download: update.picture.file, hidden: false });
    Object.assign(drawing, { href: update.picture.svg ?? '', hidden: update.picture.svg === undefined });
    easelBox.hidden = false;
  }
}

function choose(plugin: WirePlugin): void {
  chosen = plugin;
  for (const tab of tabs.querySelectorAll('button'))
    tab.setAttribute('aria-pressed', String(tab.dataset['plugin'] === plugin.id));
  about.textContent = plugin.description;
  controls?.dispose();
  controls = createControls(fields, plugin, async (file) => {
    const answer = await connection.upload(file);
    showError(answer.ok ? undefined : answer.error);
    return answer.ok ? answer.value : undefined;
  });
  steers(false);
  showWants(wants, plugin, async () => {
    const answer = await connection.grant(plugin.id);
    showError(answer.ok ? undefined : answer.error);
    if (answer.ok) plugins = plugins.map((p) => (p.id === plugin.id ? { ...p, wants: [] } : p));
    return answer.ok ? undefined : answer.error;
  });
}

function onHello(hello: Hello): void {
  plugins = hello.plugins;
  byId('model', HTMLParagraphElement).textContent = hello.model
    ? `${hello.model.family} · ${hello.model.side} px · ${hello.model.hash.slice(0, 8)}`
    : hello.elsewhere
      ? 'workers have the model'
      : 'the model could not be read';
  tabs.replaceChildren(
    ...hello.plugins.map((plugin) => {
      const tab = make('button', { type: 'button', textContent: plugin.title });
      tab.dataset['plugin'] = plugin.id;
      tab.addEventListener('click', () => choose(plugins.find((p) => p.id === plugin.id) ?? plugin));
      return tab;
    }),
  );
  const first = hello.plugins.find((p) => p.id === (chosen?.id ?? 'guide')) ?? hello.plugins[0];
  if (first && (!controls || chosen?.id !== first.id)) choose(first);
  else if (chosen)
    for (const tab of tabs.querySelectorAll('button'))
      tab.setAttribute('aria-pressed', String(tab.dataset['plugin'] === chosen.id));
  if (hello.broken[0]) showError(hello.broken[0]);
}

/** A new connection is told everything again, and an old job may be gone. */
function startAfresh(): void {
  shown = undefined;
  picked = false;
  told.clear();
  steers(false);
  cancel.hidden = true;
  progress.hidden = true;
  transport.hide();
  brushes.show(false);
}

const connection = connect({
  hello: onHello,
  update: onUpdate,
  connected: (is) => {
    go.disabled = !is;
    if (is) startAfresh();
    if (!is) state.textContent = 'The server cannot be reached; trying again…';
    else if (state.textContent.startsWith('The server')) state.textContent = '';
  },
});

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  if (!chosen || !controls) return;
  const values = controls.values();
  showError(undefined);
  const { prompt } = values;
  if (shown?.running && go.textContent?.startsWith('Steer') && typeof prompt === 'string') {
    const answer = await connection.steer(shown.job, { prompt });
    if (!answer.ok) showError(answer.error);
    return;
  }
  began(await connection.start(chosen.id, values));
});
anew.addEventListener('click', async () => {
  showError(undefined);
  if (chosen && controls) began(await connection.start(chosen.id, controls.values()));
});
// Enter in the prompt begins; in a number it only takes the number.
fields.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey) return;
  if (event.target instanceof HTMLTextAreaElement) {
    event.preventDefault();
    form.requestSubmit();
  } else if (event.target instanceof HTMLInputElement) {
    event.preventDefault();
    event.target.blur();
  }
});
/** Another script of this page may start a run, with parameters that no control shows. */
window.addEventListener('lodestone:start', async (event) => {
  const wish = startSchema.safeParse(event instanceof CustomEvent ? event.detail : undefined);
  if (wish.success) began(await connection.start(wish.data.plugin, wish.data.parameters));
});
cancel.addEventListener('click', async () => {
  const answer = shown && (await connection.cancel(shown.job));
  if (answer && !answer.ok) showError(answer.error);
});
void showGallery();
