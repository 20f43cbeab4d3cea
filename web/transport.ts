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
  const buttons = (branches: boolean): void => {
    finish.hidden = !running || choosing;
    step.hidden = !paused || !running || choosing;
    fork.hidden = !branches || choosing || (running && !paused);
  };
  return {
    show({ state, progress, paused: held, branches }, steerable) {
      const was = running;
      running = state === 'running';
      // What is named is drawn before the run itself: it can be held, and there is no way back into it.
      const chose = choosing;
      choosing = running && progress?.label !== undefined;
      if (choosing || !was) back.min = '0';
      else if (chose && progress) back.min = String(Math.max(0, progress.done - 1));
      bar.hidden = !steerable || !(running || branches);
      (back.labels?.[0] ?? back).hidden = choosing;
      paused = held;
      hold.textContent = held ? 'Go on' : 'Pause';
      hold.setAttribute('aria-pressed', String(held));
      hold.hidden = !running;
      buttons(branches);
      if (!progress || dragging || !(running || was)) return;
      back.max = String(progress.total);
      back.value = String(progress.done);
    },
    hide() {
      bar.hidden = true;
    },
  };
}
