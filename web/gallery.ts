/** The shelf of finished pictures, newest first. */
import { byId, make } from './element.ts';

interface Kept {
  readonly name: string;
  readonly url: string;
}
const isKept = (x: unknown): x is Kept =>
  typeof x === 'object' &&
  x !== null &&
  'name' in x &&
  'url' in x &&
  typeof x.name === 'string' &&
  typeof x.url === 'string';

export async function showGallery(): Promise<void> {
  const place = byId('gallery', HTMLDivElement);
  const answer: unknown = await fetch('gallery').then((r) => r.json());
  const kept = Array.isArray(answer) ? answer.filter(isKept) : [];
  if (kept.length === 0) {
    place.replaceChildren(make('p', { textContent: 'Finished pictures gather here.' }));
    return;
  }
  place.replaceChildren(
    ...kept.slice(0, 60).map(({ name, url }) => {
      const title = name.replace(/-[0-9a-f]{8}\.png$/, '').replaceAll('-', ' ');
      return make(
        'a',
        { href: url, download: name, title: `${title}: download` },
        make('img', { src: url, alt: title, loading: 'lazy' }),
      );
    }),
  );
}
