/** Prompts as rows to compare pictures with, for plugins that rank and do not draw. */
import type { Embeddings } from '../../clip/batches.ts';
import { meanDirection, stacked } from '../../engine/scores.ts';
import { failure } from '../../errors.ts';
import { printPrompt, printTargets } from '../../guidance/prompt/print.ts';
import type { Prompt, PromptItem } from '../../guidance/protocol.ts';
import type { PluginContext } from '../define.ts';

export interface PromptTargets {
  /** One unit row a prompt. */
  readonly targets: Embeddings;
  readonly weights: readonly number[];
  /** The prompts as they are written. */
  readonly names: readonly string[];
  /** Which of them are pictures: these stand among pictures, not among captions. */
  readonly pictured: readonly boolean[];
  /** The files of these pictures, which are no answers to themselves. */
  readonly own: ReadonlySet<string>;
}

/** Throws PROMPT_INVALID for what only a drawing can follow: regions, changes over a run, stops, styles. */
export async function promptTargets(prompts: readonly Prompt[], context: PluginContext): Promise<PromptTargets> {
  const { engine, signal, pictures } = context;
  const own = new Set<string>();
  const row = async ({ text, picture }: PromptItem): Promise<Embeddings> => {
    if (!picture) return engine.embedTexts([text ?? ''], { signal });
    const found = 'path' in picture ? await pictures([picture.path]) : [picture];
    for (const one of found) if ('path' in one) own.add(one.path);
    return engine.embedAll(found, { signal });
  };
  const rows = prompts.map(async (p) => {
    const [target = [], ...later] = p.targets;
    if (later.length > 0 || p.region || p.mask || p.span || p.stop !== undefined || target.some((item) => item.style))
      throw failure('PROMPT_INVALID', {
        prompt: printPrompt([p]),
        what: 'regions, changes over a run, stops and styles guide a drawing, and nothing is drawn here',
      });
    return meanDirection(stacked(await Promise.all(target.map(row))));
  });
  return {
    targets: stacked(await Promise.all(rows)),
    weights: prompts.map((p) => p.weight),
    names: prompts.map(printTargets),
    pictured: prompts.map(({ targets: [first = []] }) => first.some(({ picture }) => picture !== undefined)),
    own,
  };
}
