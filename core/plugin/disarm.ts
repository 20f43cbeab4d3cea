/** What Node's permissions leave open and a plugin has no use for: signals to other processes, and turning on their debuggers. */
import { syncBuiltinESMExports } from 'node:module';

const NAMES = ['kill', '_kill', '_debugProcess', '_debugEnd', 'binding', '_linkedBinding'] as const;

/** Takes them away in this process, before a plugin is imported. */
export function disarm(): void {
  for (const name of NAMES)
    Object.defineProperty(process, name, {
      value: () => {
        throw new Error(`process.${name} is not for plugins`);
      },
      configurable: false,
      writable: false,
    });
  syncBuiltinESMExports();
}
