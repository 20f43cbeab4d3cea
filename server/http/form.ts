/** What a form asks while it is filled in: how a prompt is read, and the colours of a picture. */
import express, { type Router } from 'express';
import { z } from 'zod';
import { failure, image, issuesOf, LodestoneError, parsePrompt, plainError, printApart } from '../../core/index.ts';
import { type Palette, PROMPT_LIMIT, type ReadPrompt } from '../wire.ts';

const PICTURE_LIMIT = '64mb';
/** Longer side at which colours are counted: a palette needs no detail. */
const SIDE = 160;

const promptSchema = z.object({ prompt: z.string().max(PROMPT_LIMIT) });
const paletteSchema = z.object({ colours: z.coerce.number().int().min(2).max(16).default(6) });

/** Its parts, or why it cannot be read and where. */
function readAs(prompt: string): ReadPrompt {
  try {
    return { parts: printApart(parsePrompt(prompt)) };
  } catch (thrown) {
    const at = thrown instanceof LodestoneError ? thrown.at : undefined;
    return { problem: { ...plainError(thrown), ...(at === undefined ? {} : { at }) } };
  }
}

const hex = (channels: Iterable<number>): string =>
  `#${[...channels].map((c) => c.toString(16).padStart(2, '0')).join('')}`;

/** The colours that libimagequant chooses for it, the most frequent first. */
async function paletteOf(picture: Uint8Array, colours: number): Promise<Palette> {
  const reduced = await image(picture)
    .autoOrient()
    .flatten({ background: '#fff' })
    .resize(SIDE, SIDE, { fit: 'inside', withoutEnlargement: true })
    .png({ palette: true, colours, dither: 0 })
    .toBuffer();
  const { data, channels } = await image(reduced).toColourspace('srgb').raw().made();
  const counted = new Map<string, number>();
  for (let i = 0; i < data.length; i += channels) {
    const colour = hex(data.subarray(i, i + 3));
    counted.set(colour, (counted.get(colour) ?? 0) + 1);
  }
  return { colours: [...counted].sort((a, b) => b[1] - a[1]).map(([colour]) => colour) };
}

export function formRoutes(): Router {
  const router = express.Router();
  router.post('/prompt', express.json({ limit: '64kb' }), (request, response) => {
    const parsed = promptSchema.safeParse(request.body);
    if (!parsed.success) throw failure('MESSAGE_INVALID', { event: 'prompt', what: issuesOf(parsed.error) });
    response.json(readAs(parsed.data.prompt));
  });
  router.post('/palette', express.raw({ type: () => true, limit: PICTURE_LIMIT }), async (request, response) => {
    const parsed = paletteSchema.safeParse(request.query);
    const bytes: unknown = request.body;
    if (!parsed.success || !(bytes instanceof Uint8Array))
      throw failure('MESSAGE_INVALID', {
        event: 'palette',
        what: parsed.error ? issuesOf(parsed.error) : 'no picture came',
      });
    response.json(await paletteOf(bytes, parsed.data.colours));
  });
  return router;
}
