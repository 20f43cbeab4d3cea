/** The live canvas: draws the newest frame, and only the newest. */
import { byId } from './element.ts';

export interface Easel {
  frame(bytes: BlobPart, mime: string): void;
  picture(url: string): void;
  /** For another run: nothing is drawn yet. */
  clear(): void;
  /** Frames drawn so far; the page says so for those who watch it. */
  readonly drawn: number;
}

export function createEasel(): Easel {
  const canvas = byId('canvas', HTMLCanvasElement);
  const empty = byId('empty', HTMLParagraphElement);
  const context = canvas.getContext('2d');
  let drawn = 0;
  let newest = 0;
  const paint = async (blob: Blob, turn: number): Promise<void> => {
    const bitmap = await createImageBitmap(blob);
    if (turn < newest || !context) return;
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
      Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
      canvas.parentElement?.style.setProperty('--ratio', String(bitmap.width / bitmap.height));
    }
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    empty.hidden = true;
    drawn += 1;
    canvas.dataset['frames'] = String(drawn);
  };
  const next = (): number => {
    newest += 1;
    return newest;
  };
  return {
    frame: (bytes, mime) => void paint(new Blob([bytes], { type: mime }), next()),
    picture: (url) => {
      const turn = next();
      void fetch(url).then(async (r) => paint(await r.blob(), turn));
    },
    clear: () => {
      next();
      context?.clearRect(0, 0, canvas.width, canvas.height);
      empty.hidden = true;
    },
    get drawn() {
      return drawn;
    },
  };
}
