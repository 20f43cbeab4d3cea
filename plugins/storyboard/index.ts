/** A text of several scenes as a sequence of drawings that share a palette and a hand, with a sheet and an animation. */
import { z } from 'zod';
import type { PluginContext, PluginEvent, Prompt } from '../../core/index.ts';
import {
  aspectField,
  aspectOf,
  canvasExtent,
  definePlugin,
  drawingSvg,
  failure,
  guidanceSettingsSchema,
  guideEvents,
  image,
  onPaper,
  parsePrompt,
  parsePulls,
  readyDrawer,
  Several,
  seedField,
  sizeField,
  sizesFor,
  stepsField,
  strokes,
} from '../../core/index.ts';
import { appearance, charactersIn, expanded, pulledTo } from './characters.ts';

/** The first colour of each is its paper. */
const PALETTES = {
  day: ['#f7f3e8', '#1f2a44', '#e0563a', '#f0b43c', '#4f9a5b', '#3f7fd0'],
  night: ['#0e1226', '#26305c', '#5a5fa8', '#c9c6ec', '#f2d479', '#e8725b'],
  autumn: ['#f3dca0', '#2b1d16', '#6d3b1f', '#b85c2a', '#e29a3f', '#7b8a4a'],
  sea: ['#f6efe0', '#0c2d48', '#145da0', '#2e8bc0', '#b1d4e0', '#f2a65a'],
  ink: ['#f6f2e7', '#16161d', '#6b6b75', '#c9c5bb'],
} as const;
const SCENES = 24;
const FRAME_MS = 1400;

/** Scenes stand on lines of their own, or are sentences where there is one line. */
function scenesOf(text: string): string[] {
  const lines = text.split(/\r?\n/u).map((l) => l.trim());
  const whole = lines.filter((l) => l !== '');
  const scenes = whole.length > 1 ? whole : (whole[0] ?? '').split(/(?<=[.!?;])\s+/u);
  return scenes.map((s) => s.replace(/[.!?;]+$/u, '').trim()).filter((s) => s !== '');
}

const parameters = z.object({
  story: z.string().trim().min(1, 'say what happens').max(5000).meta({
    title: 'Story',
    description:
      'Scenes on lines of their own, or sentences; each is a prompt. "Mira = a girl in a red coat" on a line of its own names a character',
    control: 'prompt',
    positional: true,
  }),
  palette: z
    .enum(['day', 'night', 'autumn', 'sea', 'ink'])
    .default('day')
    .meta({ title: 'Palette', description: 'Colours that all scenes share' }),
  same: z.number().min(0).max(10).default(0.5).meta({
    title: 'Same characters',
    description: 'How much later scenes are drawn towards what was first drawn of each named character',
  }),
  alike: z.number().min(0).max(100).default(5).meta({
    title: 'One hand',
    description: 'How much later scenes are drawn in the style of the first',
  }),
  steps: stepsField(),
  seed: seedField(),
  size: sizeField(),
  aspect: aspectField(),
});

interface Scene {
  /** As it stands in the story. */
  readonly title: string;
  readonly prompts: readonly Prompt[];
  readonly style: Parameters<typeof guideEvents>[2]['style'];
}

/** One scene; its picture is given back by `keep`. */
async function* scene(
  { title, prompts, style }: Scene,
  p: z.output<typeof parameters>,
  context: PluginContext,
): AsyncGenerator<PluginEvent> {
  const sizes = sizesFor(p.size, aspectOf(p.aspect));
  const colours = PALETTES[p.palette];
  const drawer = onPaper(strokes, colours[0]);
  const { losses, directions } = await parsePulls(
    `palette[${colours.join(' ')}]:3`,
    canvasExtent(drawer, sizes),
    context,
  );
  yield* guideEvents(
    context,
    title,
    {
      drawer: readyDrawer(drawer, {}, p.seed, sizes),
      prompts: [...prompts],
      settings: guidanceSettingsSchema.parse({ seed: p.seed, steps: p.steps, renewals: 8, awake: 0.25 }),
      losses,
      directions: [...directions],
      ...(style ? { style } : {}),
    },
    { svg: (values, progress) => drawingSvg(drawer, {}, p.seed, sizes, values, progress) },
  );
}

/** Scenes one after the other, each for a while. */
async function animated(pictures: readonly Uint8Array[], side: number): Promise<Uint8Array> {
  const frames = await Promise.all(
    pictures.map((p) => image(p).resize(side, side, { fit: 'inside' }).removeAlpha().png().toBuffer()),
  );
  return image(frames, { join: { animated: true } })
    .webp({ delay: frames.map(() => FRAME_MS), loop: 0, quality: 85 })
    .toBuffer();
}

/** The style of a picture as a pull. */
async function styleOf(
  bytes: Uint8Array,
  weight: number,
  { engine, signal }: PluginContext,
): Promise<Parameters<typeof guideEvents>[2]['style']> {
  for await (const { embeddings } of engine.styles([{ bytes, name: 'the first scene' }], { signal, eye: 'guiding' }))
    return { profile: embeddings, weight };
  return undefined;
}

export default definePlugin({
  id: 'storyboard',
  title: 'Storyboard',
  description: 'Draws a text of several scenes as pictures of one palette and one hand, as a sheet and an animation.',
  version: '3.1.0',
  about:
    'A story as pictures: one scene a line, all in one palette, later scenes in the style of the first. A named character ("Mira = a girl in a red coat") is said in the same words wherever the name stands, and drawn towards what was first drawn of them. Out come the pictures with their SVG, a sheet, and an animation.',
  parameters,
  async *run(p, context) {
    const { characters, story } = charactersIn(p.story);
    const scenes = scenesOf(story);
    if (scenes.length === 0 || scenes.length > SCENES)
      throw failure('PARAMETER_INVALID', {
        plugin: 'storyboard',
        what: `story: it has ${scenes.length} scenes; give 1 to ${SCENES}, each on a line of its own`,
      });
    for (const title of scenes) parsePrompt(expanded(title, characters).words);
    const run = new Several(context, { parts: scenes.length, steps: p.steps });
    let style: Parameters<typeof guideEvents>[2]['style'];
    const seen = new Map<string, Uint8Array>();
    for (const [k, title] of scenes.entries()) {
      const { words, who } = expanded(title, characters);
      const before = style;
      yield* run.part(k, (own) => {
        const again = who.flatMap((one) => {
          const first = seen.get(one.name);
          return first && p.same > 0 ? [pulledTo(one, first, p.same)] : [];
        });
        return scene({ title, prompts: [...parsePrompt(words, own.random), ...again], style: before }, p, own);
      });
      const drawn = run.drawn.at(-1);
      if (!drawn) continue;
      for (const one of who) if (!seen.has(one.name)) seen.set(one.name, await appearance(drawn, one, context));
      if (k === 0 && p.alike > 0) style = await styleOf(drawn, p.alike, context);
    }
    yield await run.sheet('storyboard: sheet', { columns: Math.min(4, Math.ceil(Math.sqrt(scenes.length))) });
    if (scenes.length > 1)
      yield { type: 'file', name: 'storyboard.webp', mime: 'image/webp', bytes: await animated(run.drawn, p.size) };
  },
});
