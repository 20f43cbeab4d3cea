/** Zooming and panning of what is on the stage. */
import createPanzoom, { type PanzoomObject } from '@panzoom/panzoom';

let panzoom: PanzoomObject | undefined;

export function attachZoom(element: HTMLElement): () => void {
  const made = createPanzoom(element, {
    maxScale: 12,
    minScale: 0.5,
    canvas: true,
    cursor: 'default',
    excludeClass: 'panzoom-exclude',
    // Full animations are not for everybody.
    animate: !matchMedia('(prefers-reduced-motion: reduce)').matches,
  });
  panzoom = made;
  const { parentElement } = element;
  const onWheel = (event: WheelEvent): void => void made.zoomWithWheel(event);
  parentElement?.addEventListener('wheel', onWheel, { passive: false });
  return () => {
    parentElement?.removeEventListener('wheel', onWheel);
    made.destroy();
    panzoom = undefined;
  };
}
export const zoomIn = (): void => void panzoom?.zoomIn();
export const zoomOut = (): void => void panzoom?.zoomOut();
export const fit = (): void => void panzoom?.reset();
export function fullScreen(): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else
    void document
      .getElementById('stage')
      ?.requestFullscreen()
      .catch(() => undefined);
}
