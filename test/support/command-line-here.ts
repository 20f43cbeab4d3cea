/** The command line in this process, which has read all of it already; models and plugins have processes of their own as ever. */
import { vi } from 'vitest';
import { main } from '../../server/cli/main.ts';
import type { Ended } from './command-line.ts';

/** One at a time: what is printed, and the exit code, are the process's own. */
export async function lodestoneHere(args: readonly string[], cwd = '.'): Promise<Ended> {
  let [out, err] = ['', ''];
  const [before, folder] = [process.exitCode, process.cwd()];
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
    process.chdir(cwd);
    await main([...args]);
    return { code: Number(process.exitCode ?? 0), out, err };
  } finally {
    process.exitCode = before;
    process.chdir(folder);
    stdout.mockRestore();
    stderr.mockRestore();
  }
}
