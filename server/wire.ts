/** The wire protocol: every socket event in one typed map, parsed with zod at both ends. The studio imports this and nothing else of the server. */
import { z } from 'zod';

const id = z.string().min(1).max(64);
const bytes = z.custom<Uint8Array>((v) => v instanceof Uint8Array || v instanceof ArrayBuffer, 'bytes');

export const plainErrorSchema = z.object({ code: z.string(), message: z.string() });
export type WireError = z.infer<typeof plainErrorSchema>;

/** A field of a plugin's parameters, as its JSON Schema gives it. */
const fieldSchema = z.object({
  type: z.enum(['string', 'number', 'integer', 'boolean', 'array']),
  title: z.string().optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  enum: z.array(z.string()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  control: z.enum(['prompt', 'pictures', 'seed', 'pulls', 'colour']).optional(),
  choices: z.record(z.string().max(60), z.string().max(200)).optional(),
  positional: z.boolean().optional(),
  advanced: z.boolean().optional(),
  /** Shown only while another field has one of these values. */
  only: z.record(z.string(), z.array(z.string())).optional(),
});
export type Field = z.infer<typeof fieldSchema>;
export const parametersSchema = z.object({
  properties: z.record(z.string(), fieldSchema).default({}),
  required: z.array(z.string()).default([]),
});

export const pluginSchema = z.object({
  id,
  title: z.string(),
  description: z.string(),
  version: z.string(),
  group: z.enum(['make', 'find', 'check', 'learn']).default('make'),
  steerable: z.boolean(),
  paintable: z.boolean(),
  /** What it asks for beyond what every plugin has, in words, while it has not been granted. */
  wants: z.array(z.object({ name: z.string(), words: z.string() })).default([]),
  parameters: parametersSchema,
});
export type WirePlugin = z.infer<typeof pluginSchema>;

export const helloSchema = z.object({
  version: z.string(),
  model: z.object({ family: z.string(), side: z.number(), hash: z.string() }).optional(),
  /** Whether others work on runs, with a model that is not known here. */
  elsewhere: z.boolean().exactOptional(),
  plugins: z.array(pluginSchema),
  /** Plugin files that could not be used, and why. */
  broken: z.array(plainErrorSchema),
});
export type Hello = z.infer<typeof helloSchema>;

export const jobStateSchema = z.enum(['waiting', 'running', 'done', 'failed', 'cancelled']);
export type JobState = z.infer<typeof jobStateSchema>;

const chartPointSchema = z.object({
  x: z.number(),
  series: z.record(z.string(), z.number()),
  /** How each value stands among what everyday captions, or pictures, score, 0..100. */
  percentiles: z.record(z.string(), z.number()).optional(),
});

const layoutSchema = z.array(
  z.object({
    words: z.string(),
    /** In shares of the canvas. */
    place: z.object({ left: z.number(), top: z.number(), right: z.number(), bottom: z.number() }).optional(),
    rest: z.string(),
  }),
);

/** Everything that is new of a job since the watcher's last update; of frames only the newest. */
export const updateSchema = z.object({
  job: id,
  plugin: id,
  title: z.string(),
  state: jobStateSchema,
  /** Whether it waits for somebody to let it go on. */
  paused: z.boolean(),
  /** When it was accepted; milliseconds since 1970. */
  at: z.number(),
  /** Whether the watcher may steer, move and end it. */
  mine: z.boolean(),
  /** Of one's own: what lets others do so, where it is given to them. */
  key: id.exactOptional(),
  /** Of one whose picture is tried out among many. */
  sketch: z.literal(true).exactOptional(),
  /** The words that it began with. */
  prompt: z.string().exactOptional(),
  /** Of one that waits: how many will have begun when it has, itself among them, and in how many seconds, where that is known. */
  place: z.int().positive().optional(),
  wait: z.number().nonnegative().optional(),
  /** Of one that waits: whether it lets others go by. */
  held: z.boolean().exactOptional(),
  /** Whether another run can begin from an earlier state of it. */
  branches: z.boolean(),
  progress: z.object({ done: z.number(), total: z.number(), label: z.string().optional() }).optional(),
  frame: z.object({ step: z.number(), width: z.number(), height: z.number(), mime: z.string(), bytes }).optional(),
  /** Points that follow the ones sent before; `chartFrom` is the place of the first. */
  chart: z.array(chartPointSchema),
  chartFrom: z.int().nonnegative(),
  notes: z.array(z.string()),
  /** What was changed, and when so many steps were done. */
  marks: z.array(z.object({ step: z.number(), text: z.string() })).optional(),
  ranking: z
    .object({
      title: z.string(),
      columns: z.array(z.string()),
      items: z.array(
        z.object({
          picture: z.string(),
          score: z.number(),
          values: z.array(z.number()),
          percentile: z.number().optional(),
          url: z.string(),
        }),
      ),
    })
    .optional(),
  /** How pictures and words go together; `url`s as those of a ranking. */
  matrix: z
    .object({
      title: z.string(),
      columns: z.array(z.string()),
      rows: z.array(
        z.object({
          picture: z.string(),
          values: z.array(z.number()),
          percentiles: z.array(z.number()).optional(),
          url: z.string(),
        }),
      ),
    })
    .optional(),
  /** A map of so many pictures is to be had under `/jobs/:job/map`. */
  map: z.object({ title: z.string(), count: z.number() }).optional(),
  picture: z
    .object({
      title: z.string(),
      width: z.number(),
      height: z.number(),
      url: z.string(),
      file: z.string(),
      svg: z.string().optional(),
    })
    .optional(),
  tables: z
    .array(
      z.object({
        title: z.string(),
        columns: z.array(z.string()),
        rows: z.array(z.array(z.union([z.string(), z.number()]))),
      }),
    )
    .optional(),
  files: z.array(z.object({ name: z.string(), url: z.string() })).optional(),
  /** Where on the canvas what is wanted, part by part of the prompt: `words @place rest`. */
  layout: layoutSchema.optional(),
  /** What the run waits for somebody to say; null when it waits no more. */
  question: z
    .object({
      id: z.string(),
      text: z.string(),
      pictures: z.array(z.object({ name: z.string(), url: z.string() })),
      choices: z.array(z.string()),
    })
    .nullable(),
  error: plainErrorSchema.optional(),
});
export type Update = z.infer<typeof updateSchema>;

/** Characters of a prompt. */
export const PROMPT_LIMIT = 2000;
/** Parameters are what somebody typed and chose; files go another way. */
const PARAMETERS_LIMIT = 256 * 1024;
/** Endless where it is too deep to be written down. */
const sizeOf = (value: unknown): number => {
  try {
    return JSON.stringify(value)?.length ?? 0;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
};
const parameters = z
  .record(z.string().max(100), z.unknown())
  .refine((given) => sizeOf(given) <= PARAMETERS_LIMIT, `parameters of at most ${PARAMETERS_LIMIT / 1024} KiB`);
export const startSchema = z.object({
  plugin: id,
  parameters,
  /** Whether its picture is one of many that are tried out: the shelf shows such only where it is asked for them. */
  sketch: z.boolean().exactOptional(),
});
export const grantSchema = z.object({ plugin: id });
/** Of a run that somebody else began: the key that they gave. */
const key = id.exactOptional();
export const jobSchema = z.object({ job: id, key });
export type Cancelling = z.infer<typeof jobSchema>;
/** Where a run that waits is to stand: before what its person has waiting beside it, or behind all others for as long as it is held. */
export const moveSchema = z.object({ job: id, how: z.enum(['up', 'hold', 'release']), key });
export type Moving = z.infer<typeof moveSchema>;
export const steerSchema = z.object({
  job: id,
  key,
  prompt: z.string().min(1).max(PROMPT_LIMIT).exactOptional(),
  settings: z.record(z.string().max(40), z.number()).exactOptional(),
  weights: z.record(z.string().max(60), z.number().min(-1000).max(1000)).exactOptional(),
  paint: z.string().min(1).max(4096).nullable().exactOptional(),
  lock: z.string().min(1).max(4096).nullable().exactOptional(),
  parameters: z.record(z.string().max(40), z.union([z.string().max(2000), z.number(), z.boolean()])).exactOptional(),
  models: z.array(z.string().min(1).max(4096)).min(1).max(4).exactOptional(),
  answer: z.object({ question: z.string().max(100), choice: z.string().max(100) }).exactOptional(),
  control: z.enum(['pause', 'go', 'step', 'finish']).exactOptional(),
  rewind: z.int().nonnegative().exactOptional(),
});
export const branchSchema = z.object({
  job: id,
  step: z.int().nonnegative(),
  prompt: z.string().min(1).max(PROMPT_LIMIT).exactOptional(),
});
export type Branching = z.infer<typeof branchSchema>;
export type Steering = z.infer<typeof steerSchema>;
/** How a picture was made: by which plugin, with what. */
export const settingsSchema = z.object({
  plugin: z.string(),
  parameters: z.record(z.string(), z.unknown()),
  /** What was changed while it was made, and when so many steps were done. */
  changes: z.array(z.object({ step: z.number(), text: z.string() })).exactOptional(),
  /** The words that it ended with, where they are not those that it began with. */
  ended: z.string().exactOptional(),
});
export type Settings = z.infer<typeof settingsSchema>;

/** Pictures of the shelf. */
export const shelvedSchema = z.array(
  z.object({
    name: z.string(),
    title: z.string(),
    /** Milliseconds since 1970. */
    at: z.number(),
    starred: z.boolean(),
    url: z.string(),
    /** A small one of it. */
    small: z.string(),
    svg: z.string().exactOptional(),
    /** The words that it was asked for with. */
    words: z.string().exactOptional(),
  }),
);
export type Shelved = z.infer<typeof shelvedSchema>[number];
export const boardName = z.string().trim().min(1).max(80);
export const boardsSchema = z.array(z.object({ name: boardName, count: z.number() }));

export const shelfSchema = z.object({
  /** Of all pages. */
  total: z.number(),
  /** How many pictures of the whole shelf were only tried out. */
  sketches: z.number(),
  /** What pictures of the whole shelf were drawn with. */
  drawers: z.array(z.string()),
  pictures: shelvedSchema,
});
export type ShelfPage = z.infer<typeof shelfSchema>;
/** How a prompt is read: its parts with their places, or what is wrong and at which character, counting from 0. */
export const readPromptSchema = z.object({
  parts: layoutSchema.exactOptional(),
  problem: plainErrorSchema.extend({ at: z.number().exactOptional() }).exactOptional(),
});
export type ReadPrompt = z.infer<typeof readPromptSchema>;
/** Colours like #1a2b3c, the most frequent first. */
export const paletteSchema = z.object({ colours: z.array(z.string()) });
export type Palette = z.infer<typeof paletteSchema>;
/** Pictures on a plane, in shares of it; each to be seen under `/jobs/:job/map/:place`. */
export const mapSchema = z.object({
  title: z.string(),
  points: z.array(z.object({ picture: z.string(), x: z.number(), y: z.number() })),
  signposts: z.array(z.object({ text: z.string(), x: z.number(), y: z.number() })),
});
export type PictureMap = z.infer<typeof mapSchema>;
export const stepsSchema = z.array(z.number());
/** What the server says of a request that it does not meet. */
export const refusedSchema = z.object({ error: plainErrorSchema });

export const uploadedSchema = z.object({ path: z.string() });

export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: WireError };
type Ack<T> = (answer: Answer<T>) => void;

/** What the studio says. Every event is answered. */
export interface ClientEvents {
  start: (message: z.infer<typeof startSchema>, ack: Ack<{ job: string }>) => void;
  cancel: (message: z.infer<typeof jobSchema>, ack: Ack<null>) => void;
  move: (message: Moving, ack: Ack<null>) => void;
  steer: (message: Steering, ack: Ack<null>) => void;
  branch: (message: Branching, ack: Ack<{ job: string }>) => void;
  /** Grants a plugin what it wants, once and for all. */
  grant: (message: z.infer<typeof grantSchema>, ack: Ack<null>) => void;
}
/** What the server says. An update is acknowledged; until then that watcher gets no other. */
export interface ServerEvents {
  hello: (message: Hello) => void;
  update: (message: Update, ack: () => void) => void;
}
