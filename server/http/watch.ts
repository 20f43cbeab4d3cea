/** What one watcher sees of the jobs: an update when the last one is acknowledged, holding only what is new, and kilobytes at the most. A slow watcher gets fewer frames, never a growing queue. */
import type { Jobs } from '../jobs.ts';
import { isOf, type Job, titleOf } from '../runs/job.ts';
import { shortened } from '../shortened.ts';
import { PROMPT_LIMIT, type Update } from '../wire.ts';
import { shownFiles, shownMatrix, shownPoints, shownRanking, shownTables } from './shown.ts';
import { soon } from './slices.ts';

interface Seen {
  revision: number;
  /** The turn in which it was told last; the one that waited longest is next. */
  turn: number;
  chart: number;
  /** The list that `chart` counts in. */
  chartOf: unknown;
  notes: number;
  frame: unknown;
  ranking: unknown;
  matrix: unknown;
  map: unknown;
  picture: unknown;
  tables: unknown;
  files: unknown;
  layout: unknown;
  marks: unknown;
}

/** The newest notes that somebody who joins is told. */
const NOTES = 50;

/** Sends an update and settles when the watcher has taken it. */
export type Send = (update: Update) => Promise<void>;

/** Where one stands that waits. */
const queuedAs = ({ state, held, place, wait }: Job): Pick<Update, 'held' | 'place' | 'wait'> =>
  state === 'waiting'
    ? {
        ...(held ? { held } : {}),
        ...(place === undefined ? {} : { place }),
        ...(wait === undefined ? {} : { wait }),
      }
    : {};

/** The plugin refuses longer ones, when it comes to that. */
const begunWith = ({ parameters: { prompt } }: Job): Pick<Update, 'prompt'> =>
  typeof prompt === 'string' && prompt.length <= PROMPT_LIMIT ? { prompt } : {};

type Answers = Pick<Update, 'ranking' | 'matrix' | 'map' | 'tables' | 'files'>;
/** What is new of what a run answers beside pictures. */
const answered = ({ id, ranking, matrix, map, tables, files }: Job, seen: Seen): Answers => ({
  ...(ranking && ranking !== seen.ranking ? { ranking: shownRanking(id, ranking) } : {}),
  ...(matrix && matrix !== seen.matrix ? { matrix: shownMatrix(id, matrix) } : {}),
  ...(map && map !== seen.map ? { map: { title: shortened(map.title), count: map.points.length } } : {}),
  ...(tables === seen.tables ? {} : { tables: shownTables(tables) }),
  ...(files === seen.files ? {} : { files: shownFiles(files) }),
});

/** The newest part of a job that `seen` lacks; `seen` is brought up to date. */
function news(job: Job, seen: Seen, by: string): Update {
  const fresh = <K extends 'frame' | 'picture'>(key: K): Job[K] | undefined =>
    job[key] === seen[key] ? undefined : job[key];
  const [frame, picture] = [fresh('frame'), fresh('picture')];
  // A run that went back has another list: all of it is told again.
  const from = job.chart === seen.chartOf ? seen.chart : 0;
  const points = shownPoints(job.chart, from);
  const to = from + points.length;
  const update: Update = {
    job: job.id,
    plugin: job.plugin.id,
    title: titleOf(job),
    branches: job.kept.length > 0,
    state: job.state,
    paused: job.paused,
    at: job.acceptedAt,
    mine: isOf(job, by),
    ...(job.key !== undefined && job.by === by && by !== '' ? { key: job.key } : {}),
    // These stay as they were.
    ...(seen.revision < 0 ? begunWith(job) : {}),
    ...(seen.revision < 0 && job.sketch ? { sketch: true } : {}),
    ...queuedAs(job),
    chart: points,
    chartFrom: from,
    notes: job.notes.slice(Math.max(seen.notes, job.notes.length - NOTES)),
    ...(job.progress
      ? {
          progress: {
            done: job.progress.done,
            total: job.progress.total,
            ...(job.progress.label ? { label: shortened(job.progress.label) } : {}),
          },
        }
      : {}),
    ...(frame
      ? { frame: { step: frame.step, width: frame.width, height: frame.height, mime: frame.mime, bytes: frame.bytes } }
      : {}),
    ...answered(job, seen),
    ...(picture
      ? {
          picture: {
            title: shortened(picture.title),
            width: picture.width,
            height: picture.height,
            url: `/gallery/${encodeURIComponent(picture.file)}`,
            file: picture.file,
            ...(picture.drawing ? { svg: `/gallery/${encodeURIComponent(picture.drawing)}` } : {}),
          },
        }
      : {}),
    ...(job.marks === seen.marks ? {} : { marks: job.marks.map(({ step, text }) => ({ step, text })) }),
    ...(job.layout && job.layout !== seen.layout ? { layout: job.layout.parts } : {}),
    question: job.question
      ? {
          id: job.question.id,
          text: shortened(job.question.text),
          choices: job.question.choices,
          pictures: job.question.pictures.map((name, i) => ({
            name: shortened(name),
            url: `/jobs/${job.id}/question/${encodeURIComponent(job.question?.id ?? '')}/${i}`,
          })),
        }
      : null,
    ...(job.error ? { error: job.error } : {}),
  };
  Object.assign(seen, {
    // What is still to come of the chart is news.
    revision: to < job.chart.length ? job.revision - 1 : job.revision,
    chart: to,
    chartOf: job.chart,
    notes: job.notes.length,
    frame: job.frame,
    ranking: job.ranking,
    matrix: job.matrix,
    map: job.map,
    picture: job.picture,
    tables: job.tables,
    files: job.files,
    layout: job.layout,
    marks: job.marks,
  });
  return update;
}

/** Keeps a watcher, the person `by`, up to date until the returned function is called, or until it takes no more (`onLost`). The newest jobs come first, then the one that waited longest. */
export function watch(jobs: Jobs, by: string, send: Send, onLost: () => void): () => void {
  const seen = new Map<string, Seen>();
  let turn = 0;
  let sending = false;
  let stopped = false;
  const next = (): Job | undefined =>
    jobs
      .list()
      .filter((job) => (seen.get(job.id)?.revision ?? -1) < job.revision)
      .reduce<Job | undefined>((first, job) => (first && told(first) <= told(job) ? first : job), undefined);
  const told = (job: Job): number => seen.get(job.id)?.turn ?? -1;
  const tell = async (job: Job): Promise<void> => {
    const state = seen.get(job.id) ?? {
      revision: -1,
      turn: 0,
      chart: 0,
      chartOf: undefined,
      notes: 0,
      frame: undefined,
      ranking: undefined,
      matrix: undefined,
      map: undefined,
      picture: undefined,
      tables: undefined,
      files: undefined,
      layout: undefined,
      marks: undefined,
    };
    state.turn = ++turn;
    seen.set(job.id, state);
    await send(news(job, state, by));
  };
  /** One update; what is new when it was taken is told in a later slice, or answers to many watchers would be a long one. */
  const pump = async (): Promise<void> => {
    if (sending || stopped) return;
    for (const id of seen.keys()) if (!jobs.has(id)) seen.delete(id);
    const job = next();
    if (!job) return;
    sending = true;
    try {
      await tell(job);
      soon(begin);
    } catch {
      stopped = true;
      onLost();
    } finally {
      sending = false;
    }
  };
  const begin = (): void => void pump();
  // Many watch, and all of them want to know at once.
  const onChange = (): void => {
    if (!sending) soon(begin);
  };
  jobs.on('changed', onChange);
  void pump();
  return () => {
    stopped = true;
    jobs.off('changed', onChange);
  };
}
