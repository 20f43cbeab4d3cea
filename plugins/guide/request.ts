/** What a run of the engine is asked for. */
import {
  type Beginning,
  type Direction,
  type GuideRequest,
  guidanceSettingsSchema,
  lookersOf,
  type PluginContext,
  type Prompt,
  parsePulls,
} from '../../core/index.ts';
import type { Ready } from './drawing.ts';
import type { Parameters } from './parameters.ts';

/** How views differ: they stray further and are blurred more often than the loop has it by itself, so that pictures are simpler. */
const VIEWS = { shift: 0.09, blur: 0.5 };
/** Share of the shapes that a drawing begins with. */
const FIRST_SHAPES = 0.2;

export interface Begins {
  readonly prompts: Prompt[];
  readonly beginnings: Beginning[];
  /** Whether it needs all of its shapes at once: it begins as something that is there already. */
  readonly filled?: boolean;
}

export async function requestOf(
  p: Parameters,
  { drawer, extent }: Ready,
  { prompts, beginnings, filled = false }: Begins,
  context: PluginContext,
): Promise<Omit<GuideRequest, 'run' | 'script' | 'resume' | 'plan'> & { readonly directions: readonly Direction[] }> {
  const { seed, steps, crops, contrast, distance, rate, optimiser, patience, coarse, rotation, tint } = p;
  const { renewals, tidy } = p;
  const { losses, directions } = await parsePulls(p.pulls, extent, context);
  const looks = { coarse, rotation, tint, ...VIEWS };
  const grows = { renewals, tidy, awake: renewals > 0 && !filled ? FIRST_SHAPES : 1 };
  const moves = { seed, steps, crops, contrast, distance, rate, optimiser, patience };
  return {
    drawer,
    prompts,
    beginnings,
    settings: guidanceSettingsSchema.parse({ ...moves, ...looks, ...grows }),
    losses,
    directions: [...directions],
    lookers: await lookersOf(p.models.length > 0 ? p.models : ['own'], context, p.eye),
  };
}
