/** Drawings that are opened by the darkroom, and what it is asked. */
import type { ImageJob } from '../../core/image/job.ts';

/** 190 letters that keep a processor busy for minutes. */
export const ENDLESS = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" width="3000" height="3000"><filter id="f"><feMorphology operator="dilate" radius="3000"/></filter><rect width="50%" height="50%" filter="url(#f)"/></svg>',
);
export const HEART = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" width="280" height="160" viewBox="0 0 70 40"><rect width="70" height="40" fill="#fed"/><path d="M35 36 10 12h50z" fill="#c03"/></svg>',
);
export const job = (bytes: Uint8Array, label: string): ImageJob => ({
  input: { bytes },
  options: { failOn: 'error', pages: 1 },
  steps: [],
  end: 'decode',
  label,
});
