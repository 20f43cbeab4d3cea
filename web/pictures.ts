/** What can be done with a picture, of the shelf or dropped: its settings, itself as a beginning, its style; and how it is marked. */
import { batch } from '@preact/signals';
import { refusedSchema, type Settings, settingsSchema } from '../server/wire.ts';
import { set, upload } from './desk.ts';
import { post } from './post.ts';
import {
  allValues,
  chosenId,
  guideWords,
  isShelved,
  notice,
  offered,
  place,
  pluginOf,
  problem,
  shelved,
  type Viewable,
  viewed,
} from './state.ts';
import { exploring } from './wall.ts';

/** Changes the form by what was found in a picture, shows it, and offers to take that back. */
function taken(text: string, change: () => void): void {
  const before = { all: allValues.value, id: chosenId.value };
  batch(() => {
    change();
    viewed.value = undefined;
    offered.value = undefined;
    exploring.value = false;
    place.value = 'words';
    notice.value = {
      text,
      undo: () => {
        allValues.value = before.all;
        chosenId.value = before.id;
      },
    };
  });
}

/** At which steps what was changed. */
export const changesInWords = (changes: NonNullable<Settings['changes']>): string =>
  changes.map(({ step, text }) => `“${text}” at step ${step}`).join(', ');

/** Takes over how something was made. */
export function useSettings({ plugin, parameters, ended, changes = [] }: Settings): void {
  if (!pluginOf({ plugin })) {
    notice.value = { text: `It was made by the plugin "${plugin}", which is not here.` };
    return;
  }
  // It shows what it ended with; how it came there is told.
  const words = ended === undefined ? {} : { prompt: ended };
  const steered = changes.length === 0 ? '' : ` It was changed on its way: ${changesInWords(changes)}.`;
  taken(`Its settings are on the left.${steered}`, () => {
    chosenId.value = plugin;
    allValues.value = { ...allValues.value, [plugin]: { ...parameters, ...words } };
  });
  requestAnimationFrame(() => document.querySelector('#controls .scrolls')?.scrollTo({ top: 0 }));
}

/** Guide begins from a picture, or takes its style. */
export async function usePicture(as: 'start' | 'style', picture: Viewable | File): Promise<void> {
  const file =
    picture instanceof File
      ? picture
      : await fetch(picture.url.slice(1)).then(async (r) => new File([await r.blob()], picture.name));
  const path = await upload(file);
  if (path === undefined) return;
  taken(as === 'start' ? 'The next drawing begins from it.' : 'Its style is among the words.', () => {
    chosenId.value = 'guide';
    if (as === 'start') set('start', [path]);
    else set('prompt', [guideWords(), `[style:${path}]`].filter((part) => part !== undefined).join(' | '));
  });
}

/** How a picture of the shelf, or one that was dropped, was made; nothing where it does not say. */
export async function settingsOf(picture: Viewable | File): Promise<Settings | undefined> {
  const address =
    picture instanceof File || isShelved(picture) ? undefined : picture.url.replace(/\/picture$/, '/settings');
  const asking =
    picture instanceof File
      ? fetch('settings', { method: 'POST', body: picture, headers: { 'content-type': 'application/octet-stream' } })
      : fetch(address?.slice(1) ?? `settings/${encodeURIComponent(picture.name)}`);
  return settingsSchema.safeParse(await asking.then((r) => r.json()).catch(() => undefined)).data;
}

async function told(address: string, message: unknown): Promise<boolean> {
  const answer = await post(address, message);
  const refused = answer.ok ? undefined : refusedSchema.safeParse(await answer.json()).data;
  if (refused) problem.value = refused.error;
  shelved.value += 1;
  return answer.ok;
}

/** Puts pictures on a board, or takes them off; either can be taken back. */
export async function putOn(board: string, names: readonly string[], on: boolean): Promise<void> {
  if (!(await told('shelf/boards', { board, names, on }))) return;
  const what = names.length === 1 ? 'One picture' : `${names.length} pictures`;
  notice.value = {
    text: `${what} ${on ? 'on' : 'off'} the board “${board}”.`,
    undo: () => void putOn(board, names, !on),
  };
}

/** Marks pictures; what is put away can be taken back. */
export async function mark(names: readonly string[], kind: 'star' | 'away', on: boolean): Promise<void> {
  const done = await told('shelf/marks', { names, mark: kind, on });
  if (kind === 'away' && on && done)
    notice.value = {
      text: names.length === 1 ? 'Put away.' : `${names.length} pictures put away.`,
      undo: () => void mark(names, kind, false),
    };
}
