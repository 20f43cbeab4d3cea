/** Processes that were started with a word in their environment, as Linux lists them. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Numbers of those that still run this program, Node: a command and the processes that work for it. */
export function processesWith(word: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return (
          readlinkSync(`/proc/${pid}/exe`) === process.execPath &&
          readFileSync(`/proc/${pid}/environ`, 'utf8').includes(word)
        );
      } catch {
        return false;
      }
    });
}
