/** All runs that this page was told of, each put together from what was new of it. */
import type { Update } from '../server/wire.ts';

/** Runs that have ended and are kept. */
const KEPT = 100;

export class Told {
  private readonly runs = new Map<string, Update>();

  /** The run as it is after the news; old ones that have ended make room, but for the one that is shown. */
  take(news: Update, shown?: string): Update {
    const before = this.runs.get(news.job);
    const whole = before ? joined(before, news) : news;
    this.runs.set(news.job, whole);
    if (this.runs.size > KEPT) {
      const ended = this.list().filter(({ state, job }) => rankOf({ state }) === 3 && job !== shown);
      for (const { job } of ended.slice(KEPT)) this.runs.delete(job);
    }
    return whole;
  }

  get(job: string): Update | undefined {
    return this.runs.get(job);
  }

  /** Those that are worked on, then those that wait in their order, then those that have ended, the newest first. */
  list(): Update[] {
    return [...this.runs.values()].sort((a, b) => rankOf(a) - rankOf(b) || orderOf(a) - orderOf(b));
  }

  clear(): void {
    this.runs.clear();
  }
}

const rankOf = ({ state }: Pick<Update, 'state'>): number => ['running', 'waiting'].indexOf(state) + 1 || 3;
const orderOf = ({ state, place = Number.POSITIVE_INFINITY, at }: Update): number =>
  state === 'waiting' ? Math.min(place, Number.MAX_SAFE_INTEGER) : -at;

/** What is not told of again is as it was, but for what is only told while it is so. */
function joined({ place: _place, wait: _wait, held: _held, ...before }: Update, news: Update): Update {
  return {
    ...before,
    ...news,
    chart: [...before.chart.slice(0, news.chartFrom), ...news.chart],
    chartFrom: 0,
    notes: [...before.notes, ...news.notes],
  };
}
