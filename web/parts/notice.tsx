/** A word in passing. It stays until it is answered or another comes: nobody has to be quick. */
import { X } from 'lucide-preact';
import { useEffect } from 'preact/hooks';
import { notice } from '../state.ts';
import { IconButton } from './icons.tsx';

const leave = (): void => {
  notice.value = undefined;
};

/** What only passes by, and can be seen elsewhere, leaves by itself. */
const PASSES_MS = 12_000;

export function Notice() {
  const now = notice.value;
  useEffect(() => {
    if (!now?.passing) return undefined;
    const timer = setTimeout(leave, PASSES_MS);
    return () => clearTimeout(timer);
  }, [now]);
  const { undo } = now ?? {};
  return (
    <div id="notice" role="status" hidden={!now}>
      <span>{now?.text}</span>
      {undo && (
        <button
          type="button"
          onClick={() => {
            leave();
            undo();
          }}
        >
          Undo
        </button>
      )}
      {now && <IconButton icon={X} name="Leave" onClick={leave} />}
    </div>
  );
}
