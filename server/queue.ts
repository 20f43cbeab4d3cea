/** Who is next: people take turns, each with what they asked for first; what was interrupted comes before all, and what is held lets all others by. */

export interface Waits {
  readonly id: string;
  /** Whose it is; those that nobody is known of are one person's. */
  readonly by: string;
  readonly held?: boolean;
}

export class FairQueue<T extends Waits> {
  private readonly interrupted: T[];
  private readonly waiting: T[];
  /** The turn in which each person was served last. */
  private readonly served: Map<string, number>;
  private turn: number;

  /** As another queue was. */
  constructor({ interrupted = [], waiting = [], served = [], turn = 0 }: Partial<Snapshot<T>> = {}) {
    this.interrupted = [...interrupted];
    this.waiting = [...waiting];
    this.served = new Map(served);
    this.turn = turn;
  }

  get length(): number {
    return this.interrupted.length + this.waiting.length;
  }

  add(item: T): void {
    this.waiting.push(item);
  }
  /** Before all others. */
  addFirst(item: T): void {
    this.interrupted.unshift(item);
  }

  /** How many a person has waiting. */
  of(person: string): number {
    return this.waiting.filter(({ by }) => by === person).length;
  }

  find(id: string): T | undefined {
    return [...this.interrupted, ...this.waiting].find((item) => item.id === id);
  }

  /** All, in the order in which they will be taken if nobody comes; what is held last. */
  order(): T[] {
    const served = new Map(this.served);
    const left = this.waiting.filter(({ held }) => !held);
    const order = [...this.interrupted];
    for (let turn = this.turn + 1; left.length > 0; turn++) {
      // The first of those who waited longest for a turn; who has had none comes before all who have.
      const next = left.reduce((a, b) => ((served.get(b.by) ?? 0) < (served.get(a.by) ?? 0) ? b : a));
      served.set(next.by, turn);
      left.splice(left.indexOf(next), 1);
      order.push(next);
    }
    return [...order, ...this.waiting.filter(({ held }) => held)];
  }

  take(): T | undefined {
    const [next] = this.order();
    if (!next || (next.held && !this.interrupted.includes(next))) return undefined;
    this.remove(next);
    // Nobody waits who could be owed a turn.
    if (this.waiting.length === 0) this.served.clear();
    this.served.set(next.by, ++this.turn);
    return next;
  }

  remove(item: T): void {
    for (const list of [this.interrupted, this.waiting]) {
      const place = list.indexOf(item);
      if (place >= 0) list.splice(place, 1);
    }
  }

  /** Another in its place. */
  replace(item: T, by: T): void {
    const place = this.waiting.indexOf(item);
    if (place >= 0) this.waiting[place] = by;
  }

  /** Before all that the same person has waiting. */
  moveUp(item: T): void {
    const first = this.waiting.findIndex(({ by }) => by === item.by);
    const place = this.waiting.indexOf(item);
    if (place < 0 || first === place) return;
    this.waiting.splice(place, 1);
    this.waiting.splice(first, 0, item);
  }
}

interface Snapshot<T> {
  readonly interrupted: readonly T[];
  readonly waiting: readonly T[];
  readonly served: Iterable<readonly [string, number]>;
  readonly turn: number;
}
