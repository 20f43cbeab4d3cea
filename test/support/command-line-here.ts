/** The command line in this process: for what ends before a model is opened, since a process of its own takes seconds to start. */
import { vi } from 'vitest';
import { main } from '../../server/cli/main.ts';
import type { Ended } from './command-line.ts';

/** One at a time: what is printed, and the exit code, are the process's own. */
export async function lodestoneHere(args: readonly string[]): Promise<Ended> {
  let [out, err] = ['', ''];
  const before = process.exitCode;
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += String(text);
    return true;
  });
  process.exitCode = undefined;
  try {
    await main([...args]);
    return { code: Number(process.exitCode ?? 0), out, err };
  } finally {
    process.exitCode = before;
    stdout.mockRestore();
    stderr.mockRestore();
  }
}
