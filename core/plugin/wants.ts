/** What a plugin may ask for beyond what every plugin has. Each is shown to the person in these words, and granted once. */
import { z } from 'zod';

export const WANTS = {
  network: 'connect to other computers',
  files: 'read any picture or text that may be read here, not only what you name',
  generate: 'ask a text-to-image service in your name, which may cost money',
  native: "load code of the machine's own, which can do whatever you can",
  processes: 'start other programs, which can do whatever you can',
  threads: 'start threads of its own',
} as const;
export type Want = keyof typeof WANTS;

export const wantsSchema = z.array(z.enum(Object.keys(WANTS) as [Want, ...Want[]])).max(8); // the keys of the table

/** In one line, for people. */
export const wantsInWords = (wants: readonly Want[]): string =>
  wants.map((want) => `${want}: ${WANTS[want]}`).join('; ');
