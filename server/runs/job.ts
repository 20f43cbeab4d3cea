/** A run as people see it: what has happened to it so far, put together. */
import { lastPrompt, type PluginEvent, type RegisteredPlugin, type Script } from '../../core/index.ts';
import { shortened } from '../shortened.ts';
import type { JobState } from '../wire.ts';
import type { Accepted, Lane, RunEvent, Told } from './events.ts';
import type { Known } from './store.ts';

type Of<T extends PluginEvent['type']> = Extract<PluginEvent, { type: T }>;

export interface Job {
  readonly id: string;
  /** Who asked for it. */
  readonly by: string;
  readonly lane: Lane;
  /** Whoever brings it may do with the run what its person may. */
  readonly key?: string;
  /** While it waits: how many will have begun when it has, itself among them. */
  place?: number | undefined;
  /** While it waits: seconds until it begins, where that is known. */
  wait?: number | undefined;
  readonly plugin: Pick<RegisteredPlugin, 'id' | 'title' | 'version'>;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Whether its picture is one of many that are tried out. */
  readonly sketch: boolean;
  state: JobState;
  progress?: Of<'progress'>;
  frame?: Of<'frame'>;
  picture?: {
    readonly title: string;
    readonly width: number;
    readonly height: number;
    readonly file: string;
    /** The same picture as SVG, in the gallery's folder. */
    readonly drawing?: string;
  };
  /** An SVG whose picture is still to come. */
  drawing?: string | undefined;
  /** How many pictures it has finished. */
  pictures: number;
  ranking?: Of<'ranking'> | undefined;
  matrix?: Of<'matrix'> | undefined;
  map?: Of<'map'> | undefined;
  /** Another list when a table is new. */
  tables: readonly Of<'table'>[];
  /** Reports and lists, as they are kept. */
  files: readonly { readonly name: string; readonly file: string }[];
  question?: Of<'question'> | undefined;
  layout?: Of<'layout'>;
  /** What was changed of it at which step; another list with every change. */
  marks: readonly { readonly step: number; readonly text: string; readonly prompt?: string }[];
  /** Another list after the run has gone back. */
  chart: Of<'chart'>[];
  paused: boolean;
  /** It was held when it was interrupted, and is to be held again. */
  heldOver: boolean;
  readonly notes: string[];
  /** What it was called when it was accepted. */
  readonly title: string;
  /** What was changed at which step before it, where it begins as another run was. */
  readonly script: Script;
  /** The step that it was taken up at last; -1 for its beginning. */
  takenUpAt?: number;
  /** How often it was taken up there. */
  attempts: number;
  /** The hash of the model that it began with. */
  model?: string;
  /** Steps of the states that another run can begin from, the smallest first. */
  kept: readonly number[];
  /** While it waits: whether it lets others go by. */
  held: boolean;
  /** Milliseconds since 1970, by the clock of whoever it was. */
  readonly acceptedAt: number;
  startedAt?: number;
  endedAt?: number;
  error?: NonNullable<Extract<RunEvent, { type: 'ended' }>['error']>;
  /** Grows with every change; watchers compare it with what they have seen. */
  revision: number;
}

const CHART_LIMIT = 20_000;
const NOTES_LIMIT = 500;
const NOTE_LENGTH = 2000;
const MARKS_LIMIT = 200;
const TABLES_LIMIT = 50;
const FILES_LIMIT = 1000;

/** A run that was accepted and has not begun. */
const acceptedJob = (
  id: string,
  { at, by, lane, key, plugin, parameters, title, script, sketch = false }: Accepted,
): Job => ({
  id,
  acceptedAt: at,
  by,
  lane,
  ...(key === undefined ? {} : { key }),
  plugin,
  parameters,
  state: 'waiting',
  chart: [],
  marks: [],
  paused: false,
  heldOver: false,
  notes: [],
  title,
  script,
  sketch,
  kept: [],
  held: false,
  tables: [],
  files: [],
  pictures: 0,
  attempts: 0,
  revision: 0,
});

/** What it is after all that happened to it; nothing where it was never accepted. */
export function jobOf({ id, events, kept }: Known): Job | undefined {
  const [first] = events;
  if (first?.type !== 'accepted') return undefined;
  const job = acceptedJob(id, first);
  for (const event of events) happened(job, event);
  job.kept = kept;
  return job;
}

/** A run by its words, without the numbers of their places. */
export const calledBy = (words: string): string => shortened(words.replaceAll(/\s*@\([^)]*\)/g, ''));

/** What people call it: by the words that it goes on with, where these were changed since it began. */
export function titleOf(job: Pick<Job, 'title' | 'marks' | 'script'>): string {
  const prompt = wordsNow(job);
  return prompt === undefined ? job.title : calledBy(prompt);
}
/** The words that it goes on with; nothing where they are those that it began with. */
export function wordsNow({ marks, script }: Pick<Job, 'marks' | 'script'>): string | undefined {
  const now = marks.findLast((mark) => mark.prompt !== undefined)?.prompt;
  // A branch is told what was changed before it.
  const begun = lastPrompt(script);
  return now === begun ? undefined : now;
}

/** Whether this person may steer, move and end it: who began it, whoever was given its key, and everybody where nobody is known to have begun it. */
export const isOf = ({ by, key }: Pick<Job, 'by' | 'key'>, person: string, brings?: string): boolean =>
  by === '' || by === person || (key !== undefined && key === brings);

export const isGoing = ({ state }: Pick<Job, 'state'>): boolean => state === 'waiting' || state === 'running';

/** The run after an event. */
export function happened(job: Job, event: RunEvent): void {
  switch (event.type) {
    case 'accepted':
      return;
    case 'started':
      job.state = 'running';
      job.startedAt = event.at;
      job.heldOver ||= job.paused;
      job.paused = false;
      if (event.model !== undefined) job.model ??= event.model;
      return;
    case 'taken-up':
      takenUp(job, event.step);
      return;
    case 'told':
      // Bytes are not among what is remembered as it is.
      told(job, event.event as Told);
      return;
    case 'kept':
      job.kept = [...job.kept.filter((step) => step < event.step), event.step];
      return;
    case 'answered':
      if (job.question?.id === event.question) job.question = undefined;
      return;
    case 'held':
      job.held = event.held;
      return;
    case 'drawing':
      job.drawing = event.file;
      return;
    case 'picture': {
      const { title, width, height, file } = event;
      job.picture = { title, width, height, file, ...(job.drawing === undefined ? {} : { drawing: job.drawing }) };
      job.drawing = undefined;
      job.pictures += 1;
      return;
    }
    case 'file':
      job.files = [...job.files.filter((f) => f.name !== event.name), { name: event.name, file: event.file }].slice(
        -FILES_LIMIT,
      );
      return;
    case 'ended':
      job.state = event.state;
      job.endedAt = event.at;
      job.question = undefined;
      if (event.error) job.error = event.error;
      return;
  }
}

/** Of these the newest is what counts. */
const NEWEST: ReadonlySet<Told['type']> = new Set([
  'progress',
  'frame',
  'ranking',
  'matrix',
  'map',
  'layout',
  'question',
]);

function told(job: Job, event: Told): void {
  if (NEWEST.has(event.type)) Object.assign(job, { [event.type]: event });
  switch (event.type) {
    case 'paused':
    case 'going':
      job.paused = event.type === 'paused';
      job.heldOver = false;
      return;
    case 'changed':
      marked(job, event);
      return;
    case 'table':
      job.tables = [...job.tables.filter((t) => t.title !== event.title), event].slice(-TABLES_LIMIT);
      return;
    case 'rewound':
      goBack(job, event.step);
      if (job.progress) job.progress = { ...job.progress, done: event.step };
      return;
    case 'chart':
      if (job.chart.length < CHART_LIMIT) job.chart.push(event);
      return;
    case 'note':
      if (job.notes.length < NOTES_LIMIT) job.notes.push(shortened(event.text, NOTE_LENGTH));
  }
}

/** One that is taken up is told its changes again. */
function marked(job: Job, { step, text, prompt }: Of<'changed'>): void {
  if (job.marks.length < MARKS_LIMIT && !job.marks.some((m) => m.step === step && m.text === text))
    job.marks = [...job.marks, { step, text, ...(prompt === undefined ? {} : { prompt }) }];
}

/** What came after the step is forgotten; all of it where it goes on from its beginning. */
function takenUp(job: Job, step: number | undefined): void {
  job.state = 'waiting';
  const from = step ?? -1;
  // One that waits for somebody comes no further by itself.
  const waits = job.paused || job.heldOver || job.question !== undefined;
  job.attempts = job.takenUpAt === from && !waits ? job.attempts + 1 : 1;
  job.takenUpAt = from;
  job.question = undefined;
  job.drawing = undefined;
  job.pictures = 0;
  goBack(job, step ?? 0);
  if (step !== undefined) return;
  job.chart = [];
  job.tables = [];
  job.files = [];
  job.ranking = undefined;
  job.matrix = undefined;
  job.map = undefined;
}

function goBack(job: Job, step: number): void {
  job.chart = job.chart.filter((point) => point.x <= step);
  job.kept = job.kept.filter((kept) => kept <= step);
  job.marks = job.marks.filter((mark) => mark.step <= step);
}
