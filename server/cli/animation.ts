/** A run as moving pictures: its frames as animated WebP or GIF, or as MP4 where ffmpeg is installed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import sharp from 'sharp';
import { failure, messageOf, writeWhole } from '../../core/index.ts';

const FRAME_MS = 80;
/** The finished picture stands still for so many frames. */
const LAST = 18;
/** More frames than this are thinned out evenly. */
const MOST = 240;
export const ANIMATIONS = ['.webp', '.gif', '.mp4'];

/** Collects frames (JPEG, all of one size) and writes them as one file. */
export class Animation {
  private readonly frames: Uint8Array[] = [];

  add(frame: Uint8Array): void {
    this.frames.push(frame);
  }

  /** False when there is nothing to show. Throws FILE_WRITE, and USAGE where ffmpeg is wanted and missing. */
  async write(file: string): Promise<boolean> {
    const step = Math.max(1, Math.ceil(this.frames.length / MOST));
    const kept = this.frames.filter((_, i) => i % step === 0 || i === this.frames.length - 1);
    const [last] = kept.slice(-1);
    if (!last) return false;
    const all = [...kept, ...Array.from({ length: LAST }, () => last)];
    if (extname(file).toLowerCase() === '.mp4') await this.video(all, file);
    else await this.still(all, file);
    return true;
  }

  private async still(all: readonly Uint8Array[], file: string): Promise<void> {
    const joined = sharp(
      all.map((frame) => Buffer.from(frame)),
      { join: { animated: true } },
    );
    const delay = all.map(() => FRAME_MS);
    const gif = extname(file).toLowerCase() === '.gif';
    await writeWhole(file, await (gif ? joined.gif({ delay }) : joined.webp({ delay, quality: 85 })).toBuffer());
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
        throw failure(
          'USAGE',
          { what: `${file} needs ffmpeg, which is not installed (${messageOf(cause)}). Use .webp or .gif.` },
          cause,
        );
      });
      if (code !== 0) throw failure('FILE_WRITE', { path: file, what: `ffmpeg ended with ${String(code)}` });
      await writeWhole(file, await readFile(aside));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}
