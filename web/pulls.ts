/** Pulls as they are written: `symmetry:2 | palette[#102030 #ffeedd]:3`. The server is who reads them. */

export interface Pull {
  /** With its brackets. */
  readonly name: string;
  readonly weight: number;
}

const WRITTEN = /^(.*?)(?::\s*([+-]?(?:\d+\.?\d*|\.\d+)))?$/s;

export const pullsOf = (text: string): Pull[] =>
  text
    .split('|')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [, name = part, weight = '1'] = WRITTEN.exec(part) ?? [];
      return { name: name.trim(), weight: Number(weight) };
    });

export const writtenPulls = (pulls: readonly Pull[]): string =>
  pulls.map(({ name, weight }) => (weight === 1 ? name : `${name}:${weight}`)).join(' | ');

/** What a pull is called in a run: its name without what stands in brackets. */
export const calledIn = ({ name }: Pull): string => name.replace(/\[.*$/s, '');

/** The colours that stand in its brackets. */
export const coloursOf = ({ name }: Pull): string[] => name.match(/#[0-9a-f]{6}/gi) ?? [];
