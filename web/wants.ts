/** What a plugin wants beyond what every plugin has: shown before it runs, and granted once. */
import type { WireError, WirePlugin } from '../server/wire.ts';
import { make } from './element.ts';

/** Fills `place`; `grant` asks the server and says what is wrong, if anything is. */
export function showWants(place: HTMLElement, plugin: WirePlugin, grant: () => Promise<WireError | undefined>): void {
  place.hidden = plugin.wants.length === 0;
  const button = make('button', { type: 'button', textContent: 'Grant it that, from now on' });
  button.addEventListener('click', async () => {
    button.disabled = true;
    const problem = await grant();
    button.disabled = false;
    place.hidden = problem === undefined;
  });
  place.replaceChildren(
    make('p', { textContent: `${plugin.title} does not ship with Lodestone, and wants to` }),
    make('ul', {}, ...plugin.wants.map(({ words }) => make('li', { textContent: words }))),
    button,
  );
}
