/** Who is next: people take turns, each with what they asked for first; what was interrupted comes before all. */

export interface Waits {
  readonly id: string;
  /** Whose it is; those that nobody is known of are one person's. */
  readonly by: string;
}

export class FairQueue<T extends Waits> {
  private readonly interrupted: T[] = [];
  private readonly waiting: T[] = [];
  /** The turn in which each person was served last. */
  private readonly served = new Map<string, number>();
  private turn = 0;

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

  /** All, in the order in which they will be taken if nobody comes. */
  order(): T[] {
    const served = new Map(this.served);
    const left = [...this.waiting];
    const order = [...this.interrupted];
    for (let turn = this.turn + 1; left.length > 0; turn++) {
      // The first of those who waited longest for a turn; who has had none comes before all who have.
      const next = left.reduce((a, b) => ((served.get(b.by) ?? 0) < (served.get(a.by) ?? 0) ? b : a));
      served.set(next.by, turn);
      left.splice(left.indexOf(next), 1);
      order.push(next);
    }
    return order;
  }

  take(): T | undefined {
    const [next] = this.order();
    if (!next) return undefined;
    this.remove(next);
    this.served.set(next.by, ++this.turn);
    return next;
  }

  remove(item: T): void {
    for (const list of [this.interrupted, this.waiting]) {
      const place = list.indexOf(item);
      if (place >= 0) list.splice(place, 1);
    }
  }

  clear(): void {
    this.interrupted.length = 0;
    this.waiting.length = 0;
  }
}
