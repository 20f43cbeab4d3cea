/** What is painted, told to the run. */
import { mayTouch, steer, upload } from './desk.ts';
import { ratio } from './easel.ts';
import { clear, layerOf, redo, type Stroke, undo } from './painting.ts';
import { pluginOf, shown } from './state.ts';

/** Whether the run on the canvas can be painted on, from here. */
export const canPaint = (): boolean => {
  const run = shown.value;
  const paintable = pluginOf(run)?.paintable ?? false;
  return run?.state === 'running' && mayTouch(run) && paintable;
};

/** Tells the run what its layer is now. */
export async function sendLayer(changed: Stroke): Promise<void> {
  const { kind, blob } = await layerOf(changed, ratio.value);
  if (blob === null) {
    await steer({ [kind]: null });
    return;
  }
  const path = await upload(new File([blob], `${kind}.png`, { type: 'image/png' }));
  if (path !== undefined) await steer({ [kind]: path });
}

export function takeBack(again: boolean): void {
  const changed = again ? redo() : undo();
  if (changed) void sendLayer(changed);
}

export async function clearLayers(): Promise<void> {
  clear();
  await steer({ paint: null });
  await steer({ lock: null });
}
