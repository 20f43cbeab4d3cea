/** Runs of strokes for which models beside the own one are at hand. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { type Engine, type GuideEvent, type GuideRequest, strokes } from '../../core/index.ts';
import { type Ended, lodestone } from './command-line.ts';
import { lodestoneHere } from './command-line-here.ts';
import { guidingWith, request } from './guiding.ts';
import { referenceFolder } from './reference.ts';

/** A small CLIP with random weights: it has opinions, if no taste. */
export function strangeModel(family: 'clip-vit' | 'siglip' = 'clip-vit'): string {
  const folder = join(referenceFolder(), family);
  cpSync(join(referenceFolder(), 'small-tokenizer', 'tokenizer.json'), join(folder, 'tokenizer.json'));
  return folder;
}

const onStrange = (args: readonly string[]): string[] => [...args, '--model', strangeModel(), '--threads', '1'];
/** The command line on that model. */
export const lodestoneOnStrange = (args: readonly string[], cwd?: string): Promise<Ended> =>
  lodestone(onStrange(args), cwd);
/** The same in this process. */
export const lodestoneOnStrangeHere = (args: readonly string[], cwd?: string): Promise<Ended> =>
  lodestoneHere(onStrange(args), cwd);

type Run = (
  prompt: string,
  more: Partial<GuideRequest>,
  settings?: object,
  on?: (e: GuideEvent) => void,
) => Promise<GuideEvent[]>;

/** The run is called `models`. */
export const modelRuns =
  (engine: Engine): Run =>
  (prompt, more, settings = {}, on = () => undefined) =>
    guidingWith(engine).run(
      request(strokes as never, prompt, { steps: 40, frameEvery: 0, ...settings }, { run: 'models', ...more }),
      on,
    );
