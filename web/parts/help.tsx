/** The keys, and words that the studio uses. */
import { X } from 'lucide-preact';
import { useEffect, useRef } from 'preact/hooks';
import { SHORTCUTS } from '../shortcuts.ts';
import { helping } from '../state.ts';
import { IconButton } from './icons.tsx';

const WORDS = [
  ['Score', 'how well the picture fits the words, as the model sees it; the curve under the canvas'],
  ['Eye', 'a model may have two: one was made to draw with, the other sees best and judges'],
  ['Drawer', 'what the picture is made of: strokes, shapes, pen lines, letters, pixels'],
  ['Tries', 'several beginnings are drawn for a while, and the best goes on'],
  ['Renewals', 'how often shapes that do little are taken away and put where they are needed'],
  ['Seed', 'the number that all chance comes from: the same seed gives the same picture'],
  ['Branch', 'another run that begins as this one was at some step; this one stays as it is'],
] as const;

const close = (): void => {
  helping.value = false;
};

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = helping.value;
  useEffect(() => {
    const { current } = dialog;
    if (open && !current?.open) current?.showModal();
    if (!open && current?.open) current.close();
  }, [open]);
  return (
    <dialog id="help" aria-label="Keys and help" ref={dialog} onClose={close}>
      <header>
        <h2>Keys</h2>
        <IconButton icon={X} name="Close" shortcut="Esc" onClick={close} />
      </header>
      <dl>
        {SHORTCUTS.map(({ keys, says }) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{says}</dd>
          </div>
        ))}
      </dl>
      <h2>Words</h2>
      <dl>
        {WORDS.map(([word, says]) => (
          <div key={word}>
            <dt>{word}</dt>
            <dd>{says}</dd>
          </div>
        ))}
      </dl>
    </dialog>
  );
}
