/** How the server reads the words that are written, a moment after the last was. */
import { effect, signal } from '@preact/signals';
import { type ReadPrompt, readPromptSchema } from '../server/wire.ts';
import { post } from './post.ts';
import { written } from './state.ts';

const AFTER_MS = 250;

/** Of exactly this text; nothing until it has been read. */
export const reading = signal<(ReadPrompt & { readonly of: string }) | undefined>(undefined);

async function read(prompt: string): Promise<void> {
  const answer = await post('prompt', { prompt }).catch(() => undefined);
  const found = answer?.ok ? readPromptSchema.safeParse(await answer.json()).data : undefined;
  if (found && written.peek() === prompt) reading.value = { ...found, of: prompt };
}

let asking: ReturnType<typeof setTimeout> | undefined;
effect(() => {
  const prompt = written.value;
  clearTimeout(asking);
  if (prompt === undefined) reading.value = undefined;
  else asking = setTimeout(() => void read(prompt), AFTER_MS);
});
