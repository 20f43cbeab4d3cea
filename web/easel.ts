/** The live canvas: draws the newest frame, and only the newest. */
import { signal } from '@preact/signals';
import type { Update } from '../server/wire.ts';

/** Frames drawn so far; the page says so for those who watch it. */
export const drawn = signal(0);
/** The step that the frame on it shows; nothing for a finished picture. */
export const step = signal<number | undefined>(undefined);
/** Width over height of what is drawn. */
export const ratio = signal(1);
export const isEmpty = signal(true);

class Easel {
  private element: HTMLCanvasElement | null = null;
  private newest = 0;

  /** The element of the page that is drawn on. */
  attach(element: HTMLCanvasElement | null): void {
    this.element = element;
  }

  get size(): { readonly width: number; readonly height: number } {
    return this.element ?? { width: 512, height: 512 };
  }

  private frame({ bytes, mime, step: of }: NonNullable<Update['frame']>): void {
    // The schema has checked that these are bytes.
    void this.paint(new Blob([bytes as BlobPart], { type: mime }), this.next(), of);
  }

  /** What a run shows now; nothing where it has drawn nothing yet. Whether it has. */
  showNewest({ frame, picture }: Pick<Update, 'frame' | 'picture'>): boolean {
    if (picture) this.picture(picture.url);
    else if (frame) this.frame(frame);
    return (picture ?? frame) !== undefined;
  }

  picture(url: string): void {
    const turn = this.next();
    void fetch(url).then(async (r) => (r.ok ? this.paint(await r.blob(), turn) : undefined));
  }

  /** For another run: nothing is drawn yet. */
  clear(): void {
    this.next();
    this.element?.getContext('2d')?.clearRect(0, 0, this.element.width, this.element.height);
    isEmpty.value = true;
  }

  private next(): number {
    this.newest += 1;
    return this.newest;
  }

  private async paint(blob: Blob, turn: number, of?: number): Promise<void> {
    const bitmap = await createImageBitmap(blob);
    const { element } = this;
    if (turn < this.newest || !element) return;
    if (element.width !== bitmap.width || element.height !== bitmap.height)
      Object.assign(element, { width: bitmap.width, height: bitmap.height });
    element.getContext('2d')?.drawImage(bitmap, 0, 0);
    ratio.value = bitmap.width / bitmap.height;
    bitmap.close();
    isEmpty.value = false;
    step.value = of;
    drawn.value += 1;
  }
}

export const canvas = new Easel();
