/** What a plugin may say while it works; parsed where it leaves the plugin's process. */
import { z } from 'zod';
import type { PlainError } from '../errors.ts';
import { checkpointSchema, regionSchema } from '../guidance/protocol.ts';
import { bytesSchema, MIB } from '../schemas.ts';
import { scriptSchema } from './steer.ts';

const name = z.string().max(4096);
const percent = z.number().min(0).max(100);
const share = z.number().min(0).max(1);
const side = z.int().min(1).max(16_384);
/** It shows more of an answer that a table or a ranking gives: the command line writes it only where files are asked for. */
const report = z.literal(true).optional();
const image = {
  width: side,
  height: side,
  mime: z.enum(['image/png', 'image/jpeg', 'image/webp', 'image/svg+xml']),
  bytes: bytesSchema(64 * MIB),
};

const SERIES = 256;

/** Points of a chart, one a series, at `x`. */
export const chartEventSchema = z.object({
  type: z.literal('chart'),
  x: z.number(),
  series: z.record(name, z.number()).refine((s) => Object.keys(s).length <= SERIES, `at most ${SERIES} series`),
  /** How each value stands among what everyday captions, or for a picture everyday pictures, score: 0..100. */
  percentiles: z.record(name, percent).optional(),
});

export const pluginEventSchema = z.discriminatedUnion('type', [
  /** A picture of work in progress; a slow watcher may miss some. */
  z.object({ type: z.literal('frame'), step: z.int().nonnegative(), ...image, bytes: bytesSchema(8 * MIB) }),
  /** A finished picture. */
  z.object({
    type: z.literal('picture'),
    title: name,
    /** What it says of how it was made. */
    record: z.record(z.string(), z.unknown()).optional(),
    report,
    /** How many pictures of the run it shows, for a sheet of them. */
    shows: z.int().min(1).optional(),
    ...image,
  }),
  z.object({
    type: z.literal('progress'),
    done: z.number().nonnegative(),
    total: z.number().nonnegative(),
    label: name.optional(),
  }),
  chartEventSchema,
  z.object({
    type: z.literal('ranking'),
    /** What the scores say, for people. */
    title: name,
    columns: z.array(name).max(64),
    items: z
      .array(
        z.object({
          picture: name,
          score: z.number(),
          values: z.array(z.number()).max(64),
          /** How the score stands among what everyday captions score for this picture, 0..100. */
          percentile: percent.optional(),
        }),
      )
      .max(1_000_000),
  }),
  /** How pictures and words go together: one row a picture, one number for each column. */
  z.object({
    type: z.literal('matrix'),
    title: name,
    columns: z.array(name).min(1).max(64),
    rows: z
      .array(
        z.object({
          picture: name,
          values: z.array(z.number()).max(64),
          /** How each value stands among what everyday captions score for this picture, 0..100. */
          percentiles: z.array(percent).max(64).optional(),
        }),
      )
      .max(1000),
  }),
  /** Pictures on a plane, with words where they belong; places in shares of it, 0..1 from the left and from the top. */
  z.object({
    type: z.literal('map'),
    title: name,
    points: z.array(z.object({ picture: name, x: share, y: share })).max(200_000),
    signposts: z.array(z.object({ text: name, x: share, y: share })).max(1000),
  }),
  /** Where on the canvas what is wanted, part by part of the prompt: `words @place rest`. One takes the place of the one before. */
  z.object({
    type: z.literal('layout'),
    parts: z
      .array(
        z.object({
          words: name,
          place: regionSchema.optional(),
          rest: name,
        }),
      )
      .max(64),
  }),
  /** The run waits for somebody, or goes on; it went back to a step, and what it said of later ones is void. */
  z.object({ type: z.enum(['paused', 'going', 'rewound']), step: z.int().nonnegative() }),
  /** Somebody changed the run when so many steps were done; in words. */
  z.object({
    type: z.literal('changed'),
    step: z.int().nonnegative(),
    text: z.string().max(200),
    /** The words that it goes on with, where these were changed. */
    prompt: z.string().max(4000).exactOptional(),
  }),
  /** Where the run can be taken up again, with what was changed until then. */
  z.object({
    type: z.literal('checkpoint'),
    checkpoint: checkpointSchema,
    script: scriptSchema,
  }),
  z.object({ type: z.literal('note'), text: z.string().max(20_000) }),
  /** Rows of words and numbers; one of the same title takes the place of an earlier one. */
  z.object({
    type: z.literal('table'),
    title: name,
    columns: z.array(name).min(1).max(64),
    rows: z.array(z.array(z.union([name, z.number()])).max(64)).max(1_000_000),
  }),
  /** A report or a list to keep, in the folder of what was made. */
  z.object({
    type: z.literal('file'),
    name: z
      .string()
      .regex(
        /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,80}\.(?:html|csv|txt|json|svg|webp|gif)$/,
        'a plain file name that ends in .html, .csv, .txt, .json, .svg, .webp or .gif',
      ),
    mime: z.enum([
      'text/html',
      'text/csv',
      'text/plain',
      'application/json',
      'image/svg+xml',
      'image/webp',
      'image/gif',
    ]),
    report,
    bytes: bytesSchema(64 * MIB),
  }),
  /** Waits for an answer by steering: `{ answer: { question, choice } }`. */
  z.object({
    type: z.literal('question'),
    id: z.string().min(1).max(100),
    text: name,
    pictures: z.array(name).max(8),
    choices: z.array(z.string().min(1).max(100)).min(1).max(8),
  }),
]);
export type PluginEvent = z.infer<typeof pluginEventSchema>;

export type Note = Extract<PluginEvent, { type: 'note' }>;
/** An error that does not end the run, as a note of it. */
export const noteOf = ({ code, message }: PlainError): Note => ({ type: 'note', text: `${code}: ${message}` });
