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
const [go, cancel, form, progress, download, drawing] = [
  byId('go', HTMLButtonElement),
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
    report(shown && (await connection.branch({ job: shown.job, step, ...other })));
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

const MINUTE_S = 90;
/** When it is one's turn. */
function turnOf({ state: is, place, wait }: Update): string {
  if (is !== 'waiting' || place === undefined) return '';
  const before = place === 1 ? 'next' : `number ${place}`;
  if (wait === undefined) return ` · ${before}`;
  return ` · ${before}, in about ${wait < MINUTE_S ? `${wait} s` : `${Math.round(wait / 60)} min`}`;
}

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

/** Whether an update belongs on the easel: the job that is there, one that runs, one that waits when nothing runs, or the newest when nothing is there. */
function belongs(update: Update): boolean {
  if (shown === undefined || shown.job === update.job) return true;
  if (shown.running && !shown.waiting) return false;
  return update.state === 'running' || (update.state === 'waiting' && !shown.running);
}

function onUpdate(update: Update): void {
  if (update.picture) void showGallery();
  if (!belongs(update)) return;
  if (shown?.job !== update.job) begin(update);
  const running = update.state === 'running' || update.state === 'waiting';
  shown = { job: update.job, running, waiting: update.state === 'waiting', prompt: update.title };
  const { progress: far } = update;
  const plugin = plugins.find((p) => p.id === update.plugin);
  transport.show(update, plugin?.steerable ?? false);
  layout.show(update, plugin?.steerable ?? false);
  brushes.show(update.state === 'running' && (plugin?.paintable ?? false));
  const what = far?.label === undefined ? '' : `${far.label}, `;
  const done = running && far && far.total > 0 ? ` · ${what}${far.done} of ${far.total}` : '';
  state.textContent = `${update.paused && running ? 'Paused' : WORDS[update.state]}: ${update.title}${done}${turnOf(update)}`;
  state.dataset['state'] = update.state;
  progress.hidden = !running;
  if (far && far.total > 0) progress.value = far.done / far.total;
  cancel.hidden = !running;
  go.textContent = running && chosen?.id === update.plugin && chosen.steerable ? 'Steer to this prompt' : 'Go';
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
  go.textContent = 'Go';
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
  go.textContent = 'Go';
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
  const answer = await connection.start(chosen.id, values);
  if (!answer.ok) showError(answer.error);
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
  if (wish.success) report(await connection.start(wish.data.plugin, wish.data.parameters));
});
cancel.addEventListener('click', async () => {
  const answer = shown && (await connection.cancel(shown.job));
  if (answer && !answer.ok) showError(answer.error);
});
void showGallery();
