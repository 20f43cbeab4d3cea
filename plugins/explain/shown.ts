/** A picture with what answers bright in it, as it is told. */
import type { Heat, PictureSource, PluginEvent } from '../../core/index.ts';
import { cutHeat, upright, withHeat } from '../../core/index.ts';
import type { Square } from './scores.ts';

/** Numbers to a side of the map. */
const MAP = 96;

export async function overlaid(source: PictureSource, square: Square, heat: Heat, title: string): Promise<PluginEvent> {
  const shown = await upright(source);
  return {
    type: 'picture',
    title,
    mime: 'image/png',
    width: shown.width,
    height: shown.height,
    bytes: await withHeat(shown, cutHeat(heat, square.inside, MAP)),
    report: true,
  };
}
