/** A run as moving pictures: its frames as animated WebP or GIF, or as MP4 where ffmpeg is installed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { failure, messageOf, writeWhole } from '../../core/index.ts';
import { FRAME_MS, movingPicture, withRest } from '../moving-picture.ts';

/** More frames than this are thinned out evenly. */
const MOST = 240;
const ffmpegMissing = (file: string, cause: unknown): Error =>
  failure(
    'USAGE',
    { what: `${file} needs ffmpeg, which is not installed (${messageOf(cause)}). Use .webp or .gif.` },
    cause,
  );
/** Throws USAGE where ffmpeg is wanted and missing: before the run, not after it. */
export async function checkAnimation(file: string): Promise<void> {
  if (extname(file).toLowerCase() !== '.mp4') return;
  await once(spawn('ffmpeg', ['-version'], { stdio: 'ignore' }), 'exit').catch((cause: unknown) => {
    throw ffmpegMissing(file, cause);
  });
}

export const ANIMATIONS = ['.webp', '.gif', '.mp4'];

/** Collects frames (JPEG, all of one size) and writes them as one file. */
export class Animation {
  private frames: Uint8Array[] = [];
  private last: Uint8Array | undefined;
  private seen = 0;
  /** Every so many-th frame is kept, so that a long run takes no more memory than a short one. */
  private every = 1;

  add(frame: Uint8Array): void {
    this.last = frame;
    if (this.seen % this.every === 0) this.frames.push(frame);
    this.seen += 1;
    if (this.frames.length < 2 * MOST) return;
    this.frames = this.frames.filter((_, i) => i % 2 === 0);
    this.every *= 2;
  }

  /** False when there is nothing to show. Throws FILE_WRITE, and USAGE where ffmpeg is wanted and missing. */
  async write(file: string): Promise<boolean> {
    const step = Math.max(1, Math.ceil(this.frames.length / MOST));
    const kept = this.frames.filter((_, i) => i % step === 0);
    if (!this.last) return false;
    const all = withRest([...kept, this.last]);
    if (extname(file).toLowerCase() === '.mp4') await this.video(all, file);
    else await writeWhole(file, await movingPicture(all, extname(file).toLowerCase() === '.gif' ? 'gif' : 'webp'));
    return true;
  }

  private async video(frames: readonly Uint8Array[], file: string): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'lodestone-video-'));
    try {
      for (const [i, frame] of frames.entries())
        await writeFile(join(folder, `${String(i).padStart(5, '0')}.jpg`), frame);
      const aside = join(folder, 'out.mp4');
      const rate = String(1000 / FRAME_MS);
      const even = 'scale=trunc(iw/2)*2:trunc(ih/2)*2';
      const args = [
        '-y',
        '-framerate',
        rate,
        '-i',
        join(folder, '%05d.jpg'),
        '-vf',
        even,
        '-pix_fmt',
        'yuv420p',
        aside,
      ];
      const child = spawn('ffmpeg', ['-loglevel', 'error', ...args], { stdio: 'ignore' });
      const [code] = await once(child, 'exit').catch((cause: unknown) => {
        throw ffmpegMissing(file, cause);
      });
      if (code !== 0) throw failure('FILE_WRITE', { path: file, what: `ffmpeg ended with ${String(code)}` });
      await writeWhole(file, await readFile(aside));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}
