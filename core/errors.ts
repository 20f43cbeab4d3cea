/** One catalogue of everything that can go wrong for a person: a stable code, and a sentence that says what, where and what to do. */
import { z } from 'zod';

const catalogue = {
  GRAPH_INVALID: (d: { where: string; what: string }) =>
    `The graph is not valid at ${d.where}: ${d.what}. This is a fault in the graph or in a rewrite of it; report it with the model.`,
  GRAPH_SHAPE: (d: { where: string; what: string }) =>
    `Shapes do not fit at ${d.where}: ${d.what}. Check the shapes of the tensors that go in.`,
  GRAPH_OPERATOR: (d: { operator: string; node: string; model: string; advice: string }) =>
    `Operator ${d.operator} (node "${d.node}" in ${d.model}) is not supported. ${d.advice}`,
  GRADIENT_NO_RULE: (d: { operator: string; node: string; model: string; advice: string }) =>
    `Operator ${d.operator} (node "${d.node}" in ${d.model}) has no gradient rule. ${d.advice}`,
  GRADIENT_UNREACHABLE: (d: { of: string; wrt: string }) =>
    `"${d.of}" does not depend on "${d.wrt}", so there is no gradient to take. Check the two names.`,
  ONNX_UNREADABLE: (d: { file: string; what: string }) =>
    `${d.file} cannot be read as ONNX: ${d.what}. The file may be cut short; fetch or export it again.`,
  GRAPH_RUN: (d: { model: string; what: string }) =>
    `onnxruntime could not run ${d.model}: ${d.what}. The file may be damaged or of another model; fetch or export it again.`,
  MODEL_MISSING: (d: { folder: string; what: string }) =>
    `${d.folder} is not a usable model folder: ${d.what}. A model folder holds config.json, preprocessor_config.json, tokenizer.json and onnx/.`,
  NOT_COMPARABLE: (d: { picture: string; what: string }) =>
    `${d.picture} cannot be compared: ${d.what}. Replay it, or verify a whole PNG or SVG of it.`,
  TEXT_UNREADABLE: (d: { file: string }) =>
    `${d.file} is no text that can be read. Save it as plain text in UTF-8 or UTF-16.`,
  MODEL_BROKEN: (d: { file: string; what: string }) => `${d.file} does not hold what a CLIP model needs: ${d.what}.`,
  MODEL_PART: (d: { folder: string; part: string }) =>
    `The model in ${d.folder} has no ${d.part}, so this cannot be done with it. Choose a model that has both towers.`,
  HUB_MISSING: (d: { repository: string; what: string }) =>
    `The hub has no ${d.what} in "${d.repository}". Check the name (organisation/name, with @revision if need be); a private one needs a token in HF_TOKEN.`,
  HUB_DENIED: (d: { repository: string }) =>
    `The hub does not let you fetch "${d.repository}", or there is no such model. Put a token that may read it into HF_TOKEN, and accept its terms on the hub if it has any.`,
  HUB_BUSY: (d: { repository: string }) =>
    `The hub turned down too many requests for "${d.repository}". Wait a few minutes and start again; what has arrived is kept.`,
  HUB_FAILED: (d: { repository: string; what: string }) =>
    `"${d.repository}" could not be fetched: ${d.what}. Check the network (HF_ENDPOINT names a mirror) and start again; what has arrived is kept.`,
  HUB_CORRUPT: (d: { repository: string; file: string; what: string }) =>
    `${d.file} of "${d.repository}" arrived damaged: ${d.what}. It was thrown away; start again, or use another mirror.`,
  HUB_DAMAGED: (d: { repository: string; file: string }) =>
    `${d.file}, which belongs to "${d.repository}", is damaged: its content is not what its name says. Start again where the hub can be reached, and it is fetched anew.`,
  HUB_OFFLINE: (d: { repository: string }) =>
    `"${d.repository}" is not in the cache, and nothing is fetched while offline. Start once without --offline (or without HF_HUB_OFFLINE).`,
  PATH_ESCAPES: (d: { folder: string; path: string }) =>
    `The model in ${d.folder} names a file outside its own folder (${d.path}), which is not read. Fetch the model again from a source that you trust.`,
  PICTURE_UNREADABLE: (d: { picture: string; what: string }) => `${d.picture} cannot be read as a picture: ${d.what}.`,
  PICTURE_OUT_OF_REACH: (d: { picture: string; what: string }) => `${d.picture} cannot be reached: ${d.what}.`,
  PICTURE_TOO_LARGE: (d: { picture: string; limit: string }) =>
    `${d.picture} is larger than the limit of ${d.limit}. Make it smaller and try again.`,
  FILE_MISSING: (d: { path: string }) => `${d.path} does not exist or cannot be read. Check the path.`,
  FILE_WRITE: (d: { path: string; what: string }) =>
    `${d.path} cannot be written: ${d.what}. Nothing was left half-written.`,
  NO_PICTURES: (d: { path: string }) =>
    `No pictures were found in ${d.path}. Put PNG, JPEG or WebP files there, or name another folder.`,
  PROMPT_EMPTY: (_: Record<never, never>) => 'The prompt is empty. Say in a few words what the picture should show.',
  PROMPT_INVALID: (d: { prompt: string; what: string }) =>
    `The prompt "${d.prompt}" cannot be read: ${d.what}. Write words, or words:weight, with | between them.`,
  PULL_INVALID: (d: { part: string; what: string; known: string }) =>
    `The pull "${d.part}" cannot be used: ${d.what}. There are: ${d.known}; each with :weight after it, and | between them.`,
  MASK_INVALID: (d: { mask: string; what: string }) =>
    `${d.mask} cannot be the mask: ${d.what}. Use a picture of the canvas's shape that is bright where it applies.`,
  GLYPH_MISSING: (d: { sign: string }) =>
    `There is no drawing of the sign "${d.sign}". Use Latin letters, digits, punctuation or emoji.`,
  PREFERENCE_INVALID: (d: { where: string; what: string }) =>
    `${d.where} does not hold picks: ${d.what}. Use a file that "lodestone curate" wrote with this model.`,
  FILE_TOO_LARGE: (d: { path: string; limit: string }) =>
    `${d.path} is larger than ${d.limit}, which is the most that is read.`,
  POLICY_INVALID: (d: { where: string; what: string }) =>
    `${d.where} is no policy: ${d.what}. A policy is JSON with format, version, name and rules; web/docs/policies.md shows one.`,
  POLICY_BLOCKED: (d: { title: string; rule: string; prompt: string; percentile: number }) =>
    `A picture was held back by the rule "${d.title}" (${d.rule}): "${d.prompt}" fits it better than ${d.percentile} % of everyday captions. Change the policy, or what is asked for.`,
  POLICY_COMPOSITE: (d: { name: string }) =>
    `"${d.name}" was held back: a picture of this run was, and this may show it too small to be told. Change the policy, or what is asked for.`,
  NO_SHAPES: (d: { file: string; kept: string }) =>
    `${d.file} cannot be written: this drawing is not made of shapes, so there is no SVG of it. It was kept as ${d.kept}.`,
  STEER_INVALID: (d: { what: string }) => `The run cannot be changed so: ${d.what}. It goes on as it was.`,
  CHECKPOINT_INVALID: (d: { what: string }) =>
    `The checkpoint does not fit: ${d.what}. Go on from the folder that it was made in, with the same settings.`,
  RUN_EXISTS: (d: { folder: string }) =>
    `${d.folder} holds a run already. Take it up with "lodestone resume ${d.folder}", or name another folder.`,
  JOURNAL_FAILED: (d: { path: string; what: string }) =>
    `${d.path}, where runs are remembered, cannot be used: ${d.what}. Make room, mend its permissions, or name another data folder with --data.`,
  RUN_INTERRUPTED: (d: { at: string; what: string }) =>
    `The run was interrupted ${d.at}, and cannot go on by itself: ${d.what}. Branch from its last state, or start it again with its seed.`,
  RUN_BUSY: (d: { folder: string; pid: number | undefined }) =>
    `Another run is going on in ${d.folder}${d.pid === undefined ? '' : ` (process ${d.pid})`}. Wait for it to end, or name another folder.`,
  RECORD_MISSING: (d: { where: string }) =>
    `${d.where} does not say how it was made: its settings were taken out, or another program wrote it. Use the PNG as it came, or its run folder.`,
  RECORD_INVALID: (d: { where: string; what: string }) =>
    `What ${d.where} says of how it was made cannot be read: ${d.what}. Use the file as it came.`,
  RECORD_INPUT: (d: { path: string; sha256: string; what: string }) =>
    `${d.path} ${d.what}; the run began from the picture with SHA-256 ${d.sha256}. Put that one there and try again.`,
  RECORD_INPUTS: (d: { path: string; count: number; found: number }) =>
    `The run was given ${d.count} pictures of ${d.path}, and the ${d.found} that are there now are not the same. Put those back and try again.`,
  RECORD_MODEL: (d: { wanted: string; found: string }) =>
    `The picture was made with the model ${d.wanted}, and this is ${d.found}. Name the right one with --model.`,
  RECORD_PLUGIN: (d: { id: string; wanted: string; found: string }) =>
    `It was made by version ${d.wanted} of the plugin "${d.id}", and this is version ${d.found}, which may draw otherwise. Use the version that made it, or draw anew.`,
  RECORD_OTHER_MODEL: (d: { name: string; wanted: readonly string[]; found: string }) =>
    `The model ${d.name} is another than when the picture was made: its hash is ${d.found}, and was ${d.wanted.join(' or ')}. Put the earlier one back, or draw anew.`,
  DIFFERENT: (d: { what: string }) => `The picture came out otherwise: ${d.what}.`,
  DIVERGED: (d: { step: number; loss: number }) =>
    `The drawing ran away: at step ${d.step} its loss is ${d.loss}. Lower the rate, or the weights of the pulls.`,
  SKETCH_INVALID: (d: { what: string }) => `The sketch cannot be drawn: ${d.what}.`,
  PARAMETER_INVALID: (d: { plugin: string; what: string }) => `Wrong parameters for ${d.plugin}: ${d.what}.`,
  PLUGIN_UNKNOWN: (d: { id: string; known: string }) => `There is no plugin "${d.id}". There are: ${d.known}.`,
  /** `lines` are those of the file where it is wrong. */
  PLUGIN_INVALID: (d: { file: string; what: string; lines?: string }) =>
    `${d.file} cannot be loaded: ${d.what}.${d.lines ? `\n${d.lines}` : ''}`,
  EXTENSION_FAILED: (d: { kind: string; id: string; what: string }) => `The ${d.kind} "${d.id}" failed: ${d.what}`,
  EXTENSION_MISSING: (d: { kind: string; id: string }) =>
    `This was made with the ${d.kind} "${d.id}", which is not here. Put its file into a folder of plugins: --plugins of start, or LODESTONE_PLUGINS.`,
  EXTENSION_OTHER: (d: { kind: string; id: string; file: string }) =>
    `This was made with the ${d.kind} "${d.id}", and ${d.file} is not the file that it was then: the picture would be another.`,
  PLUGIN_FAILED: (d: { id: string; what: string }) => `The plugin "${d.id}" failed: ${d.what}`,
  PLUGIN_NOT_GRANTED: (d: { id: string; wants: string }) =>
    `The plugin "${d.id}" wants what it has not been granted: ${d.wants}. Grant it with "lodestone plugins grant ${d.id}" if you trust it, or do without it.`,
  PLUGIN_UNASKED: (d: { id: string; path: string }) =>
    `The plugin "${d.id}" asked for ${d.path}, which nobody named to it. It gets what you name; one that needs more says so with wants: ['files'].`,
  PLUGIN_SILENT: (d: { id: string; seconds: number }) =>
    `The plugin "${d.id}" gave no sign of life for ${d.seconds} s and was stopped. Nothing else was touched.`,
  CANCELLED: (_: Record<never, never>) => 'Cancelled.',
  MESSAGE_TOO_LARGE: (d: { size: string; limit: string }) =>
    `A message between processes has ${d.size}, and ${d.limit} is the most. Ask for less at once.`,
  ENGINE_STOPPED: (d: { what: string }) =>
    `The process that runs the model stopped: ${d.what}. It starts again with the next request.`,
  ENGINE_BUSY: (d: { limit: number }) =>
    `The engine already has ${d.limit} requests waiting. Wait for some to end and try again.`,
  REQUEST_INVALID: (d: { method: string; what: string }) =>
    `"${d.method}" was asked for something that it does not take: ${d.what}. Nothing was done.`,
  MESSAGE_INVALID: (d: { event: string; what: string }) =>
    `The message "${d.event}" is not well-formed: ${d.what}. Nothing was done.`,
  BOARD_FULL: (d: { board: string }) =>
    `There is no room on the board "${d.board}", or for another board. Take something away first.`,
  BOARD_UNKNOWN: (d: { board: string }) => `There is no board "${d.board}". Put a picture on it, and there is one.`,
  JOB_UNKNOWN: (d: { id: string }) => `There is no job "${d.id}". It may have ended and been forgotten.`,
  NOT_STEERABLE: (d: { job: string }) =>
    `This job (${d.job}) does not listen to a new prompt. Wait until it draws, or start another.`,
  NOT_BRANCHABLE: (d: { job: string }) =>
    `"${d.job}" keeps no state to begin from: it has only begun, keeps none, or ended long ago. Start it again with its seed.`,
  NOT_YOURS: (d: { job: string }) =>
    `"${d.job}" was begun by somebody else, and only who began a run, or has its invitation, steers, moves or ends it. Ask for one, or branch off a run of your own.`,
  NOT_WAITING: (d: { job: string }) =>
    `"${d.job}" waits no more: it has begun, or it has ended. Only what waits has a place in the queue.`,
  STORE_LOST: (d: { url: string; what: string }) =>
    `The Redis at ${d.url}, where runs are kept, cannot be used: ${d.what}. See that it runs and can be reached, and do this again; what was accepted is kept there.`,
  STORE_UNREACHABLE: (d: { place: string; what: string }) =>
    `${d.place} cannot be read: ${d.what}. See that the store runs, and that AWS_ENDPOINT_URL and its keys are right.`,
  JOBS_FULL: (d: { limit: number; whose: 'yours' | 'all' }) =>
    `${d.limit} jobs ${d.whose === 'yours' ? 'of yours ' : ''}are already waiting. Wait for one to end, or cancel one.`,
  PATH_OUTSIDE: (d: { path: string }) =>
    `${d.path} lies outside the folders that the server may read. Start it with --allow FOLDER to open one.`,
  ADDRESS_REFUSED: (d: { address: string; what: string }) => `${d.address} is not fetched: ${d.what}.`,
  ORIGIN_REFUSED: (d: { origin: string }) =>
    `Requests from ${d.origin} are refused. Open the studio at the address that the server printed.`,
  TOKEN_REFUSED: (_: Record<never, never>) =>
    'A valid token is needed. Use the address with the token that the server printed.',
  TRIES_TOO_MANY: (_: Record<never, never>) =>
    'There were too many wrong tokens from your address. Wait a minute and try again.',
  CLOSING: (_: Record<never, never>) => 'The server is closing down. Start it again, and then this.',
  UPLOADS_BUSY: (d: { limit: number }) => `${d.limit} uploads are waiting already. Try again in a moment.`,
  DATA_IN_USE: (d: { folder: string; pid: number | undefined }) =>
    `${d.folder} is in use by another Lodestone${d.pid === undefined ? '' : ` (process ${d.pid})`}. Close that one, or name another folder.`,
  UPLOAD_TOO_LARGE: (d: { limit: string }) => `The upload is larger than ${d.limit}. Send fewer or smaller pictures.`,
  SERVICE_FAILED: (d: { service: string; what: string }) =>
    `${d.service} did not answer as hoped: ${d.what}. Check the token, the model's name and the network.`,
  USAGE: (d: { what: string }) => d.what,
  INTERNAL: (d: { what: string }) => `Something unforeseen went wrong: ${d.what}. Please report it.`,
} as const;

export type ErrorCode = keyof typeof catalogue;
type Details<C extends ErrorCode> = Parameters<(typeof catalogue)[C]>[0];

/** The codes of the catalogue, for tests and docs. */
export const errorCodes = Object.keys(catalogue) as readonly ErrorCode[];

/** An error with a stable `code` and a message made for the person who reads it. */
export class LodestoneError extends Error {
  readonly code: ErrorCode;
  /** Of what was written: the place in it, counting characters from 0. */
  readonly at?: number;
  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'LodestoneError';
    this.code = code;
  }
}

/** The error of the catalogue under `code`, its message built from `details`. */
export function failure<C extends ErrorCode>(code: C, details: Details<C>, cause?: unknown): LodestoneError {
  // The builder and its details share the key C; the compiler cannot see that through the union.
  const build = catalogue[code] as (d: Details<C>) => string;
  return new LodestoneError(code, build(details), cause);
}

const MESSAGE_LIMIT = 8000;

/** The plain form of any thrown value: what crosses a process boundary and what a person is shown. */
export const plainErrorSchema = z.object({
  code: z.enum(errorCodes as [ErrorCode, ...ErrorCode[]]).catch('INTERNAL'), // the catalogue is not empty
  message: z.string().transform(shortened),
});
export type PlainError = Readonly<z.output<typeof plainErrorSchema>>;

function shortened(text: string): string {
  return text.length > MESSAGE_LIMIT ? `${text.slice(0, MESSAGE_LIMIT)}… (${text.length} characters)` : text;
}

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The code of what was thrown, of whatever class or realm; its message where it has none. */
export const codeOf = (thrown: unknown): string =>
  typeof thrown === 'object' && thrown !== null && 'code' in thrown ? String(thrown.code) : messageOf(thrown);

export function plainError(thrown: unknown): PlainError {
  if (thrown instanceof LodestoneError) return { code: thrown.code, message: shortened(thrown.message) };
  if (thrown instanceof Error && thrown.name === 'AbortError') return plainError(failure('CANCELLED', {}));
  return plainError(failure('INTERNAL', { what: messageOf(thrown) }));
}

export function revivedError(plain: PlainError): LodestoneError {
  return new LodestoneError(plain.code, plain.message);
}
