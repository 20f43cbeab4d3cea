/** Where words stand among everyday words, as a picture: percentiles say how many lie below, this how far. */
import type { PictureSource, PluginEvent, PromptTargets, Usual } from '../../core/index.ts';
import { densityOf, linePlot, pictureTitle } from '../../core/index.ts';

/** Words that have a line of their own. */
const SHOWN = 6;

/** Of a picture, as its unit row and how it stands; `name` is that of the file. */
export function placed(
  name: string,
  source: PictureSource,
  { picture, standing }: { readonly picture: Float32Array; readonly standing: readonly number[] },
  { targets, names }: PromptTargets,
  usual: Usual,
): PluginEvent {
  const excess = usual.excess(targets)(picture);
  const title = `Where it stands among everyday words: ${pictureTitle(source)}`;
  const plot = linePlot({
    title,
    x: 'cosine, counted from what each has with everyday pictures of this kind',
    y: 'density',
    series: [{ name: `${usual.others.count} everyday words`, points: densityOf(usual.spread(picture)) }],
    marks: names.slice(0, SHOWN).map((name, k) => ({
      name: `${name}: more than ${Math.min(99, Math.floor(standing[k] ?? 0))} of 100`,
      x: excess[k] ?? 0,
    })),
  });
  return { type: 'file', name, mime: 'image/svg+xml', bytes: Buffer.from(plot), report: true };
}
