/** The controls of a run that goes on: hold it, take single steps, go back, end it now. */
import type { Update } from '../server/wire.ts';
import { byId } from './element.ts';

type Wish = { readonly control: 'pause' | 'go' | 'step' | 'finish' } | { readonly rewind: number };

export interface Transport {
  /** Shows how far the run is; hides itself when there is nothing to hold. */
  show(update: Update, steerable: boolean): void;
  hide(): void;
}

/** `branch` begins another run from a step. */
export function createTransport(wish: (wish: Wish) => void, branch: (step: number) => void): Transport {
  const bar = byId('transport', HTMLFieldSetElement);
  const fork = byId('branch', HTMLButtonElement);
  const [hold, step, back, finish] = [
    byId('hold', HTMLButtonElement),
    byId('step', HTMLButtonElement),
    byId('back', HTMLInputElement),
    byId('finish', HTMLButtonElement),
  ];
  let paused = false;
  let dragging = false;
  let running = false;
  let choosing = false;
  fork.addEventListener('click', () => branch(Number(back.value)));
  hold.addEventListener('click', () => wish({ control: paused ? 'go' : 'pause' }));
  step.addEventListener('click', () => wish({ control: 'step' }));
  finish.addEventListener('click', () => wish({ control: 'finish' }));
  back.addEventListener('input', () => {
    dragging = true;
  });
  back.addEventListener('change', () => {
    dragging = false;
    // What has ended stays as it is: the slider then only says where to branch.
    if (running) wish({ rewind: Number(back.value) });
  });
  return {
    show({ state, progress, paused: held, branches }, steerable) {
      const was = running;
      running = state === 'running';
      // While beginnings are tried there is nothing to hold, and no way back to before one was chosen.
      const chose = choosing;
      choosing = running && progress?.label !== undefined;
      if (choosing || !was) back.min = '0';
      else if (chose && progress) back.min = String(Math.max(0, progress.done - 1));
      bar.hidden = choosing || !steerable || !(running || branches);
      paused = held;
      hold.textContent = held ? 'Go on' : 'Pause';
      hold.setAttribute('aria-pressed', String(held));
      hold.hidden = !running;
      finish.hidden = !running;
      step.hidden = !held || !running;
      fork.hidden = !branches || (running && !held);
      if (!progress || dragging || !(running || was)) return;
      back.max = String(progress.total);
      back.value = String(progress.done);
    },
    hide() {
      bar.hidden = true;
    },
  };
}
