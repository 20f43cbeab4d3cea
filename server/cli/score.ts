/** `lodestone score PICTURE TEXT...`: how well each text fits a picture. */
import { Command } from 'commander';
import { z } from 'zod';
import { failure, unseenIn } from '../../core/index.ts';
import { gatherPictures } from '../pictures.ts';
import { type Shared, withEngine } from './shared.ts';

const wordsSchema = z.tuple([z.string(), z.array(z.string().trim().min(1)).min(1)]);

export function scoreCommand(shared: Shared): Command {
  const command = new Command('score')
    .description('How well each text fits a picture: cosine, and the probability among the texts.')
    .argument('<picture>', 'a picture file or an address')
    .argument('<texts...>', 'texts to compare it with');
  return shared.finish(command, async (context, words) => {
    const parsed = wordsSchema.safeParse(words);
    if (!parsed.success) throw failure('PROMPT_EMPTY', {});
    const [file, texts] = parsed.data;
    await withEngine(context, async (engine) => {
      const [picture, another] = await gatherPictures([file], {});
      if (!picture || another)
        throw failure('USAGE', {
          what: `${file} is a folder; score takes one picture. For many use: lodestone rank PROMPT ${file}`,
        });
      await unseenIn(engine, (text) => context.terminal.warn(text))(texts);
      const ranked = await engine.rankPrompts(picture, texts, { signal: context.signal });
      const scores = ranked.map(({ index, cosine, probability, percentile }) => ({
        text: texts[index] ?? '',
        cosine,
        probability,
        percentile,
      }));
      context.terminal.line(' cosine  probable  fits better than');
      for (const s of scores)
        context.terminal.line(
          `${s.cosine.toFixed(3).padStart(7)}  ${(100 * s.probability).toFixed(1).padStart(6)} %  ${Math.floor(s.percentile).toString().padStart(3)} % of captions  ${s.text}`,
        );
      context.terminal.document({ picture: file, scores });
    });
  });
}
