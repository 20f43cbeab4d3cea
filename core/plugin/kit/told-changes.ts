/** What somebody changed of a run, told once, in words, at its step. */
import type { PluginEvent } from '../events.ts';
import type { Script, Steer } from '../steer.ts';

type Changed = Extract<PluginEvent, { type: 'changed' }>;

const LONGEST = 120;
const PROMPT_LONGEST = 4000;
const pairs = (values: Readonly<Record<string, unknown>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');

/** Parts of a change, each by its own words. */
const WORDS: readonly ((steer: Steer) => string | undefined)[] = [
  ({ prompt }) => prompt,
  ({ weights }) => weights && pairs(weights),
  ({ settings }) => settings && pairs(settings),
  ({ parameters }) => parameters && pairs(parameters),
  ({ paint }) => (paint === undefined ? undefined : paint === null ? 'paint taken away' : 'painted'),
  ({ lock }) => (lock === undefined ? undefined : lock === null ? 'nothing kept any more' : 'a part kept'),
  ({ models }) => models && `guided by ${models.join(', ')}`,
  ({ control }) => (control === 'finish' ? 'finished' : undefined),
];

/** Nothing of what only holds a run and lets it go on. */
export function changeInWords(steer: Steer): string {
  const words = WORDS.map((of) => of(steer)).filter((part) => part !== undefined && part !== '');
  return words.join('; ').slice(0, LONGEST);
}

export class ToldChanges {
  private told: Script = [];

  /** What of a script has not been told. */
  *in(script: Script): Generator<Changed> {
    for (const { step, steer } of script.slice(this.told.length))
      yield {
        type: 'changed',
        step,
        text: changeInWords(steer),
        ...(steer.prompt === undefined ? {} : { prompt: steer.prompt.slice(0, PROMPT_LONGEST) }),
      };
    this.told = script;
  }

  /** The run went back to a step: later changes are none any more, and others may come in their place. */
  back(step: number): void {
    this.told = this.told.filter((entry) => entry.step <= step);
  }
}
