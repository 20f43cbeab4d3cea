/** What a plugin may ask of a text-to-image service. */
import { z } from 'zod';

export const generateSchema = z.object({
  prompt: z.string().min(1).max(2000),
  count: z.int().min(1).max(64),
  model: z.string().min(1).max(200),
  /** Who runs the model; the service chooses when absent. */
  provider: z.string().min(1).max(60).exactOptional(),
  /** Each further picture has the next seed. */
  seed: z.int().nonnegative(),
});
export type GenerateRequest = z.infer<typeof generateSchema>;
