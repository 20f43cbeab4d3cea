/** Says of texts that are longer than a model takes what it does not see of them: once a text, wherever words go in. */
import type { Engine } from '../engine/engine.ts';
import { plainError } from '../errors.ts';

/** No tower takes fewer letters than this; most texts are shorter. */
const SURELY_FITS = 24;
/** Texts that are looked at in one call, and that are spoken of. */
const [MOST_ASKED, MOST_TOLD] = [1000, 20];
const SHOWN = 80;
const shown = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);

/** What ends the call that the words are part of. */
const ENDS: ReadonlySet<string> = new Set(['ENGINE_STOPPED', 'CANCELLED']);

/** `say` is told. What is wrong with the model is not told here: the call itself says it. Throws ENGINE_STOPPED, CANCELLED. */
export function unseenIn(
  engine: Pick<Engine, 'cutTexts'>,
  say: (text: string) => void,
): (texts: readonly string[]) => Promise<void> {
  const known = new Set<string>();
  return async (texts) => {
    const fresh = [...new Set(texts)].filter((text) => text.length > SURELY_FITS && !known.has(text));
    const asked = fresh.slice(0, MOST_ASKED);
    if (asked.length === 0) return;
    for (const text of asked) known.add(text);
    const cut = await engine.cutTexts(asked).catch((thrown: unknown) => {
      if (ENDS.has(plainError(thrown).code)) throw thrown;
      return [];
    });
    for (const { text, unseen } of cut.slice(0, MOST_TOLD))
      say(`"${shown(text)}" is longer than the model takes: it does not see "${shown(unseen)}".`);
  };
}
