/** What a person who watches a run may ask of it. */
import { z } from 'zod';

export const steerSchema = z.object({
  /** A new prompt, from the next step on. */
  prompt: z.string().min(1).max(2000).exactOptional(),
  /** New values of guidance settings that can be changed while it runs: see `liveShape` in guidance/protocol.ts. */
  settings: z.record(z.string().max(40), z.number()).exactOptional(),
  /** New weights of the run's pulls. */
  weights: z.record(z.string().max(60), z.number().min(-1000).max(1000)).exactOptional(),
  /** A picture whose opaque parts the drawing takes over; null takes it away. */
  paint: z.string().min(1).max(4096).nullable().exactOptional(),
  /** A picture that is bright where the drawing stays as it is; null lets it go. */
  lock: z.string().min(1).max(4096).nullable().exactOptional(),
  /** Parameters of the drawer; those that are not named are as the run began. */
  parameters: z.record(z.string().max(40), z.union([z.string().max(2000), z.number(), z.boolean()])).exactOptional(),
  /** Names of the models that guide from now on, `own` for the run's own. */
  models: z.array(z.string().min(1).max(4096)).min(1).max(4).exactOptional(),
  /** What somebody chose, by the question's id. */
  answer: z.object({ question: z.string().max(100), choice: z.string().max(100) }).exactOptional(),
  control: z.enum(['pause', 'go', 'step', 'finish']).exactOptional(),
  /** Back to the last kept state at or before this step. */
  rewind: z.int().nonnegative().exactOptional(),
});
export type Steer = z.infer<typeof steerSchema>;

/** Changes at their steps, as a run's record holds them. */
export const scriptSchema = z.array(z.object({ step: z.int().nonnegative(), steer: steerSchema })).max(10_000);
export type Script = z.infer<typeof scriptSchema>;

/** The words that it ended with; nothing where the prompt was not changed. */
export const lastPrompt = (script: Script): string | undefined =>
  script.findLast(({ steer }) => steer.prompt !== undefined)?.steer.prompt;
