/** The controls of a run that goes on: hold it, take single steps, go back, end it now. */
import type { Update } from '../server/wire.ts';
import { byId } from './element.ts';

type Wish = { readonly control: 'pause' | 'go' | 'step' | 'finish' } | { readonly rewind: number };

export interface Transport {
  /** Shows how far the run is; hides itself when there is nothing to hold. */
  show(update: Update, steerable: boolean): void;
  hide(): void;
}

export function createTransport(wish: (wish: Wish) => void): Transport {
  const bar = byId('transport', HTMLFieldSetElement);
  const [hold, step, back, finish] = [
    byId('hold', HTMLButtonElement),
    byId('step', HTMLButtonElement),
    byId('back', HTMLInputElement),
    byId('finish', HTMLButtonElement),
  ];
  let paused = false;
  let dragging = false;
  hold.addEventListener('click', () => wish({ control: paused ? 'go' : 'pause' }));
  step.addEventListener('click', () => wish({ control: 'step' }));
  finish.addEventListener('click', () => wish({ control: 'finish' }));
  back.addEventListener('input', () => {
    dragging = true;
  });
  back.addEventListener('change', () => {
    dragging = false;
    wish({ rewind: Number(back.value) });
  });
  return {
    show({ state, progress, paused: held }, steerable) {
      bar.hidden = state !== 'running' || !steerable;
      paused = held;
      hold.textContent = held ? 'Go on' : 'Pause';
      hold.setAttribute('aria-pressed', String(held));
      step.hidden = !held;
      if (!progress || dragging) return;
      back.max = String(progress.total);
      back.value = String(progress.done);
    },
    hide() {
      bar.hidden = true;
    },
  };
}
