/** What was learned of a person's picks: a direction among a model's embeddings, how sure each part of it is, and how it is written to a file. */
import { z } from 'zod';
import { failure } from '../errors.ts';
import { parsedJson } from '../schemas.ts';

const MOST = 16_384;

const preferenceSchema = z.object({
  format: z.literal('lodestone-preference'),
  version: z.literal(1),
  /** Hash of the model whose embeddings it is about. */
  model: z.string().min(1).max(200),
  /** The mean of the weights: how much better a picture is liked, in logits, for one unit along each dimension. */
  weights: z.array(z.number()).min(1).max(MOST),
  /** Variance of each weight. */
  variances: z.array(z.number().nonnegative()).max(MOST),
  /** How many answers it was learned from. */
  answers: z.int().nonnegative(),
});
export type Preference = z.infer<typeof preferenceSchema>;

/** Throws PREFERENCE_INVALID. */
export const parsePreference = (json: string, where: string): Preference =>
  parsedJson(preferenceSchema, json, (what) => failure('PREFERENCE_INVALID', { where, what }));
