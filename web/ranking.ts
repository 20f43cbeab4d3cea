/** Ranked pictures, best first, with what they scored. */
import type { Update } from '../server/wire.ts';
import { make } from './element.ts';

export function showRanking(place: HTMLElement, ranking: NonNullable<Update['ranking']>): void {
  place.replaceChildren(
    ...ranking.items.map((item) => {
      // Uploads carry eight random characters in front, so that two of one name can stand side by side.
      const name = (item.picture.split('/').at(-1) ?? item.picture).replace(/^[0-9a-f]{8}-/, '');
      const parts =
        ranking.columns.length > 1
          ? ranking.columns.map((c, i) => `${c} ${(item.values[i] ?? 0).toFixed(3)}`).join(', ')
          : name;
      return make(
        'li',
        { title: item.picture },
        make('img', { src: item.url, alt: name, loading: 'lazy' }),
        make('b', { textContent: item.score.toFixed(3) }),
        ...(item.percentile === undefined
          ? []
          : [
              make('i', {
                textContent: `${Math.floor(item.percentile)} %`,
                title:
                  'The percent of everyday captions, or pictures where a picture is asked with, that fit this picture less',
              }),
            ]),
        make('small', { textContent: parts }),
      );
    }),
  );
}
