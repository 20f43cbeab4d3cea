/** Where on the canvas what is wanted: the places of the words, and how they are changed. */
import { computed } from '@preact/signals';
import { mayTouch, set, steer } from './desk.ts';
import type { Parts } from './places.ts';
import { reading } from './reading.ts';
import { chosen, isGoing, pluginOf, shown } from './state.ts';

const goesOn = computed(() => shown.value !== undefined && isGoing(shown.value));

/** Of the run that goes on, else of the words that are written; nothing where nobody here may move them. */
export const wanted = computed((): Parts | undefined => {
  const run = shown.value;
  if (run && goesOn.value) {
    const steerable = run.state === 'running' && (pluginOf(run)?.steerable ?? false) && mayTouch(run);
    return steerable ? run.layout : undefined;
  }
  // Wildcards are read as one of their choices: they are written by hand.
  const { parts, of } = reading.value ?? {};
  return chosen.value?.steerable && !of?.includes('{') ? parts : undefined;
});

/** Steers the run that goes on, or else changes what is written. */
export const put = (prompt: string): void => void (goesOn.value ? steer({ prompt }) : set('prompt', prompt));
