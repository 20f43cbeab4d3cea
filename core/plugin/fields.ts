/** Schema fields that carry more than a type: how the studio shows them and how the command line takes them. */
import { z } from 'zod';

/** What a field says of itself beside its type; `control` chooses the studio's control. */
export interface FieldMeta {
  readonly title?: string;
  readonly description?: string;
  readonly control?: 'prompt' | 'pictures' | 'seed' | 'pulls' | 'colour';
  /** What a control offers, and what each of it means. */
  readonly choices?: Readonly<Record<string, string>>;
  /** Taken by place on the command line. */
  readonly positional?: boolean;
  /** Folded away until asked for. */
  readonly advanced?: boolean;
  /** Shown only while another field has one of these values: `{ drawer: ['glyphs'] }`. */
  readonly only?: Readonly<Record<string, readonly string[]>>;
}

const PROMPT_LIMIT = 2000;

/** Words with optional weights: `a red heart:2 | blurry:-0.5`. */
export const promptField = (meta: FieldMeta = {}) =>
  z
    .string()
    .trim()
    .min(1, 'say in a few words what the picture should show')
    .max(PROMPT_LIMIT)
    .meta({
      title: 'Prompt',
      description: 'What the picture should show; parts with weights: a red heart:2 | blurry:-0.5',
      control: 'prompt',
      positional: true,
      ...meta,
    });

/** Files or folders of pictures. */
export const picturesField = (meta: FieldMeta = {}) =>
  z
    .array(z.string().min(1).max(4096))
    .max(100_000)
    .meta({
      title: 'Pictures',
      description: 'Picture files, or folders of them',
      control: 'pictures',
      positional: true,
      ...meta,
    });

/** The number that all randomness of a run comes from. */
export const seedField = (meta: FieldMeta = {}) =>
  z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(1)
    .meta({ title: 'Seed', description: 'The same seed gives the same picture', control: 'seed', ...meta });

/** How many steps a drawing is worked on. */
export const stepsField = (meta: FieldMeta = {}) =>
  z
    .int()
    .min(1)
    .max(5000)
    .default(330)
    .meta({ title: 'Steps', description: 'How long it is worked on', ...meta });

/** Side of a finished picture. */
export const sizeField = (meta: FieldMeta = {}) =>
  z
    .int()
    .min(64)
    .max(2048)
    .default(512)
    .meta({ title: 'Size', description: 'Side of the finished picture, in pixels', ...meta });

const ASPECTS = ['1:1', '4:3', '3:2', '16:9', '2:1', '3:4', '2:3', '9:16', '1:2'] as const;

/** Width by height of a finished picture. */
export const aspectField = (meta: FieldMeta = {}) =>
  z
    .enum(ASPECTS)
    .default('1:1')
    .meta({ title: 'Shape', description: 'Width by height', ...meta });

/** 1.5 of `3:2`. */
export const aspectOf = (aspect: (typeof ASPECTS)[number]): number => {
  const [width = 1, height = 1] = aspect.split(':').map(Number);
  return width / height;
};
