/** Policies for pictures: rules written as prompts with thresholds. What a rule says of a picture is explained, never silent. */
import { z } from 'zod';
import type { Embeddings } from '../clip/batches.ts';
import { STOCK_WORDS } from '../clip/stock-words.ts';
import { failure } from '../errors.ts';
import { parsedJson } from '../schemas.ts';
import type { Engine } from './engine.ts';
import { cosinesWith } from './scores.ts';
import type { Standing } from './usual.ts';

const text = z.string().trim().min(1).max(500);
const ruleSchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]{0,60}$/, 'lower case letters, digits and hyphens'),
  title: text,
  /** What the rule is about. */
  prompts: z.array(text).min(1).max(100),
  /** What is easily taken for it, and is fine. */
  unless: z.array(text).max(100).default([]),
  /** A picture falls under the rule when a prompt fits it better than this percent of everyday captions, and better than all of `unless`. */
  threshold: z.number().min(1, 'a percentile from 1 to 100, such as 99').max(100),
  /** And when its prompts are at least so likely, by the model's own softmax, beside everyday captions and `unless`: percentiles end where nothing fits less. */
  certainty: z.number().min(0).max(1).default(0),
  action: z.enum(['block', 'flag']),
});
const policySchema = z
  .strictObject({
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
  /** How likely the rule's prompts are beside everyday captions and what of them is fine, 0..1. */
  readonly certainty: number;
  /** Whether the picture falls under the rule. */
  readonly falls: boolean;
  /** What of `unless` fits better, when that is why it does not fall under it. */
  readonly unless?: string;
}

interface ReadyRule {
  readonly rule: Policy['rules'][number];
  readonly prompts: Embeddings;
  readonly unless: Embeddings;
  readonly standing: Standing;
  /** Which of the everyday words are none of the rule's own things. */
  readonly others: readonly boolean[];
}
type Judge = Pick<Engine, 'embedTexts' | 'usual' | 'info'>;

/** A policy with its prompts embedded, for many pictures. */
export async function readyPolicy(
  policy: Policy,
  engine: Judge,
  call: { readonly signal?: AbortSignal } = {},
): Promise<(picture: Float32Array) => Finding[]> {
  const [usual, { logits }] = [await engine.usual(call), await engine.info(call)];
  const rules = await Promise.all(
    policy.rules.map(async (rule): Promise<ReadyRule> => {
      const prompts = await engine.embedTexts(rule.prompts, call);
      const unless = await engine.embedTexts(rule.unless, call);
      return { rule, prompts, unless, standing: usual.with(prompts), others: othersThan(rule.prompts) };
    }),
  );
  return (picture) => {
    const everyday = cosinesWith(picture, usual.others);
    return rules.map((r) =>
      found(r, picture, { everyday: everyday.filter((_, i) => r.others[i]), scale: logits.scale }),
    );
  };
}

const wordsIn = (text: string): string[] =>
  (text.toLowerCase().match(/[\p{L}\p{N}-]+/gu) ?? []).map((word) => word.replace(/s$/, ''));
/** What a rule is about does not compete with it: an everyday word all of whose words are among the prompts'. */
function othersThan(prompts: readonly string[]): boolean[] {
  const own = new Set(prompts.flatMap(wordsIn));
  return STOCK_WORDS.map((word) => !wordsIn(word).every((part) => own.has(part)));
}

const placeOfHighest = (values: readonly number[]): number => values.indexOf(Math.max(...values));

function found(
  { rule, prompts, unless, standing }: ReadyRule,
  picture: Float32Array,
  { everyday, scale }: { readonly everyday: readonly number[]; readonly scale: number },
): Finding {
  const [own, fine] = [cosinesWith(picture, prompts), cosinesWith(picture, unless)];
  const [best, other] = [placeOfHighest(own), placeOfHighest(fine)];
  const [cosine, excuse] = [own[best] ?? -1, fine[other] ?? -1];
  const percentile = standing(picture)[best] ?? 0;
  const mass = (values: readonly number[]): number =>
    values.reduce((sum, c) => sum + Math.exp(scale * (c - cosine)), 0);
  const certainty = mass(own) / (mass(own) + mass(fine) + mass(everyday));
  const fits = percentile >= rule.threshold && certainty >= rule.certainty;
  const excused = fits && excuse >= cosine;
  return {
    rule: rule.id,
    title: rule.title,
    action: rule.action,
    prompt: rule.prompts[best] ?? '',
    cosine,
    percentile,
    certainty,
    falls: fits && !excused,
    ...(excused ? { unless: rule.unless[other] ?? '' } : {}),
  };
}
