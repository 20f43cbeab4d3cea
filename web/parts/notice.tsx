/** A word in passing. It stays until it is answered or another comes: nobody has to be quick. */
import { X } from 'lucide-preact';
import { notice } from '../state.ts';
import { IconButton } from './icons.tsx';

const leave = (): void => {
  notice.value = undefined;
};

export function Notice() {
  const now = notice.value;
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
