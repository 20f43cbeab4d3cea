/** How long runs take: measured ones of the same plugin with the same steps say it of those that wait. */

/** Of each kind, the newest. */
const KEPT = 5;

/** What runs that take as long have in common. */
const kindOf = ({ plugin, parameters }: Kind): string =>
  JSON.stringify([plugin.id, parameters['drawer'], parameters['steps'], parameters['batch'], parameters['size']]);

interface Kind {
  readonly plugin: { readonly id: string };
  readonly parameters: Readonly<Record<string, unknown>>;
}

export class Durations {
  private readonly measured = new Map<string, number[]>();

  /** A run that came to its end took so long, in seconds; a clock that went back meanwhile has measured nothing. */
  took(run: Kind, seconds: number): void {
    if (!(seconds >= 0)) return;
    const kind = kindOf(run);
    this.measured.set(kind, [...(this.measured.get(kind) ?? []), seconds].slice(-KEPT));
  }

  /** The median of those measured, in seconds; nothing where none was. */
  of(run: Kind): number | undefined {
    const all = this.measured.get(kindOf(run))?.toSorted((a, b) => a - b);
    return all?.[all.length >> 1];
  }
}
