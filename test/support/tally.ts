/** What came of the cases of a fuzz run, counted; a row of a table where somebody asks for one. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export class Tally {
  private readonly name: string;
  private readonly counts = new Map<string, number>();

  constructor(name: string) {
    this.name = name;
  }

  add(outcome: string): void {
    this.counts.set(outcome, (this.counts.get(outcome) ?? 0) + 1);
  }

  of(outcome: string): number {
    return this.counts.get(outcome) ?? 0;
  }

  get cases(): number {
    return [...this.counts.values()].reduce((sum, n) => sum + n, 0);
  }

  get outcomes(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Writes the row into the folder that LODESTONE_FUZZ_TABLE names. */
  write(): void {
    const folder = process.env['LODESTONE_FUZZ_TABLE'];
    if (!folder) return;
    mkdirSync(folder, { recursive: true });
    const { name, cases, outcomes } = this;
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify({ name, cases, outcomes })}\n`);
  }
}
