/** Lays pictures out on a plane by what they show or by how they are made, with words as signposts. */
import { z } from 'zod';
import {
  csvOf,
  definePlugin,
  listed,
  pictureName,
  picturesField,
  reportEvent,
  STOCK_WORDS,
  seedField,
  seenPictures,
  withArticle,
} from '../../core/index.ts';
import { type Place, plane } from './plane.ts';
import { posted } from './signposts.ts';

const short = (v: number): number => Number(v.toFixed(4));

export default definePlugin({
  id: 'atlas',
  title: 'Atlas',
  description: 'Lays pictures out on a plane, alike beside alike, with words as signposts.',
  version: '1.0.0',
  group: 'find',
  about:
    'A folder, or the whole shelf ("shelf:"), as a map: pictures that mean the same, or are made the same way, lie side by side. UMAP (McInnes, Healy and Melville, 2018) keeps neighbours together; how far apart two groups lie says little. A signpost stands where the pictures are that fit its words best, beside what all pictures fit; your own words are shown wherever they fall.',
  parameters: z.object({
    pictures: picturesField({ description: 'Picture files, folders of them, "shelf:" or "board:NAME"' }),
    by: z
      .enum(['meaning', 'style'])
      .default('meaning')
      .meta({ title: 'By', description: 'What lies side by side: what shows the same, or what is made the same way' }),
    words: z.array(z.string().min(1).max(200)).max(200).default([]).meta({
      title: 'Signposts',
      description: 'Words to put up, or a .txt file with one a line; everyday things where none are given',
    }),
    posts: z
      .int()
      .min(0)
      .max(100)
      .default(24)
      .meta({ title: 'How many', description: 'Signposts at most, of everyday things', advanced: true }),
    neighbours: z.int().min(2).max(100).default(15).meta({
      title: 'Neighbours',
      description: 'How many pictures each is kept beside: few show small groups, many the large order',
      advanced: true,
    }),
    seed: seedField({ description: 'The same seed gives the same map' }),
  }),
  async *run({ pictures: fields, by, words, posts, neighbours }, context) {
    const { engine, signal } = context;
    const pictures = await context.pictures(fields);
    const looked = by === 'meaning' ? engine.embedPictures(pictures, { signal }) : engine.styles(pictures, { signal });
    const { sources, rows } = yield* seenPictures(looked, pictures);
    const places = yield* plane(rows, neighbours, context);
    const names = sources.map(pictureName);
    const own = words.length > 0 ? await listed(words, 'atlas', context) : undefined;
    const wanted = own ?? STOCK_WORDS;
    // Styles are no places among words: the pictures' meanings are.
    const meanings =
      by === 'meaning' ? rows : (yield* seenPictures(engine.embedPictures(sources, { signal }), sources)).rows;
    const put =
      (own || posts > 0) && meanings.count === places.length
        ? posted(
            { places, rows: meanings },
            {
              texts: own ?? STOCK_WORDS.map(withArticle),
              rows: await engine.embedLabels(wanted, undefined, { signal }),
            },
            own ? undefined : posts,
          )
        : [];
    yield {
      type: 'map',
      title: by === 'meaning' ? 'By what they show' : 'By how they are made',
      points: places.map(({ x, y }, i) => ({ picture: names[i] ?? '', x: short(x), y: short(y) })),
      signposts: put.map(({ text, x, y }) => ({ text, x: short(x), y: short(y) })),
    };
    yield reportEvent('atlas.csv', 'text/csv', csvOf(['picture', 'x', 'y'], rowsOf(names, places)));
  },
});

const rowsOf = (names: readonly string[], places: readonly Place[]): (string | number)[][] =>
  places.map(({ x, y }, i) => [names[i] ?? '', short(x), short(y)]);
