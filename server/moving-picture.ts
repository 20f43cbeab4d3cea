/** Frames as one picture that moves. */
import { image } from '../core/index.ts';

/** How long each frame is seen. */
export const FRAME_MS = 80;
/** The finished picture stands still for so many frames. */
const LAST = 18;

/** The frames in their order, the last of them for longer. */
export function withRest(frames: readonly Uint8Array[]): Uint8Array[] {
  const last = frames.at(-1);
  return last ? [...frames, ...Array.from({ length: LAST }, () => last)] : [];
}

/** WebP or GIF of frames that are all of one size. */
export function movingPicture(frames: readonly Uint8Array[], kind: 'webp' | 'gif'): Promise<Uint8Array> {
  const joined = image(frames, { join: { animated: true } });
  const delay = frames.map(() => FRAME_MS);
  return (kind === 'gif' ? joined.gif({ delay }) : joined.webp({ delay, quality: 85 })).toBuffer();
}

const AROUND = '#faf7f0';
/** The same frames, each within the size of the last: a scene is shown smaller while its things are drawn. */
export async function ofOneSize(frames: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const last = frames.at(-1);
  if (!last) return [];
  const { width, height } = await image(last).metadata();
  return Promise.all(
    frames.map((frame) =>
      image(frame)
        .resize(width, height, { fit: 'contain', background: AROUND })
        .flatten({ background: AROUND })
        .png()
        .toBuffer(),
    ),
  );
}
