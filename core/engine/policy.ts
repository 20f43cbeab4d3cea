/** Policies for pictures: rules written as prompts with thresholds. What a rule says of a picture is explained, never silent. */
import { z } from 'zod';
import type { Embeddings } from '../clip/batches.ts';
import { failure } from '../errors.ts';
import { parsedJson } from '../schemas.ts';
import type { Engine } from './engine.ts';
import { dot, percentiles, row } from './scores.ts';

const text = z.string().trim().min(1).max(500);
const ruleSchema = z.object({
  id: z.string().regex(/^[a-z][a-z0-9-]{0,60}$/, 'lower case letters, digits and hyphens'),
  title: text,
  /** What the rule is about. */
  prompts: z.array(text).min(1).max(100),
  /** What is easily taken for it, and is fine. */
  unless: z.array(text).max(100).default([]),
  /** A picture falls under the rule when a prompt fits it better than this percent of everyday captions, and better than all of `unless`. */
  threshold: z.number().min(0).max(100),
  action: z.enum(['block', 'flag']),
});
const policySchema = z
  .object({
    format: z.literal('lodestone-policy'),
    version: z.literal(1),
    name: text,
    rules: z.array(ruleSchema).min(1).max(100),
  })
  .refine((p) => new Set(p.rules.map((r) => r.id)).size === p.rules.length, 'two rules have the same id');
export type Policy = z.infer<typeof policySchema>;

/** Throws POLICY_INVALID. */
export const parsePolicy = (json: string, where: string): Policy =>
  parsedJson(policySchema, json, (what) => failure('POLICY_INVALID', { where, what }));

/** What one rule says of one picture. */
export interface Finding {
  readonly rule: string;
  readonly title: string;
  readonly action: 'block' | 'flag';
  /** The prompt that fits best, its cosine and how it stands among everyday captions. */
  readonly prompt: string;
  readonly cosine: number;
  readonly percentile: number;
  /** Whether the picture falls under the rule. */
  readonly falls: boolean;
  /** What of `unless` fits better, when that is why it does not fall under it. */
  readonly unless?: string;
}

interface ReadyRule {
  readonly rule: Policy['rules'][number];
  readonly prompts: Embeddings;
  readonly unless: Embeddings;
}
type Judge = Pick<Engine, 'embedTexts' | 'captions'>;

/** A policy with its prompts embedded, for many pictures. */
export async function readyPolicy(
  policy: Policy,
  engine: Judge,
  call: { readonly signal?: AbortSignal } = {},
): Promise<(picture: Float32Array) => Finding[]> {
  const captions = await engine.captions(call);
  const rules = await Promise.all(
    policy.rules.map(
      async (rule): Promise<ReadyRule> => ({
        rule,
        prompts: await engine.embedTexts(rule.prompts, call),
        unless: await engine.embedTexts(rule.unless, call),
      }),
    ),
  );
  return (picture) => rules.map((r) => found(r, picture, captions));
}

function highest(picture: Float32Array, rows: Embeddings): { readonly at: number; readonly cosine: number } {
  let best = { at: -1, cosine: Number.NEGATIVE_INFINITY };
  for (let i = 0; i < rows.count; i++) {
    const cosine = dot(picture, row(rows, i));
    if (cosine > best.cosine) best = { at: i, cosine };
  }
  return best;
}

function found({ rule, prompts, unless }: ReadyRule, picture: Float32Array, captions: Embeddings): Finding {
  const [best, other] = [highest(picture, prompts), highest(picture, unless)];
  const [percentile = 0] = percentiles(picture, captions, [best.cosine]);
  const fits = percentile >= rule.threshold;
  const excused = fits && other.cosine >= best.cosine;
  return {
    rule: rule.id,
    title: rule.title,
    action: rule.action,
    prompt: rule.prompts[best.at] ?? '',
    cosine: best.cosine,
    percentile,
    falls: fits && !excused,
    ...(excused ? { unless: rule.unless[other.at] ?? '' } : {}),
  };
}
