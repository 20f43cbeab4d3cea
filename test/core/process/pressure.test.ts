import { describe, expect, it } from 'vitest';
import { startChild } from '../../../core/process/child.ts';
import { encoded, FrameReader } from '../../../core/process/frames.ts';
import { MIB } from '../../../core/schemas.ts';

describe('a child that means ill', () => {
  it('may send its message byte by byte, which takes as long as its length and no more', () => {
    const bytes = Buffer.concat(encoded({ text: 'x'.repeat(300_000) }, MIB));
    const reader = new FrameReader(MIB);
    const began = performance.now();
    const read = [...bytes].flatMap((_, i) => [...reader.push(bytes.subarray(i, i + 1))]);
    expect(read.map((r) => (r.message as { text: string }).text.length)).toEqual([300_000]);
    // Pieces that were looked at again and again took a minute.
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it('may print without an end to its line: what is kept of it is bounded', async () => {
    const lines: string[] = [];
    const before = process.memoryUsage().rss;
    const child = startChild(new URL('../../fixtures/processes/endless-line.js', import.meta.url), {
      prints: (line) => lines.push(line),
    });
    await child.ended;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(lines.map((line) => line.length)).toEqual([2000, 4]);
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * MIB);
  });
});
