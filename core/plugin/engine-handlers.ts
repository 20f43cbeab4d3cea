/** The engine as a plugin may call it: pictures and models only those that the host has let it have. */
import { z } from 'zod';
import type { Engine } from '../engine/engine.ts';
import { type Method, type PictureSource, pictureSchema, requests } from '../engine/requests.ts';
import { failure } from '../errors.ts';
import { textsOf } from '../guidance/prompt/texts.ts';
import type { Change, Prompt, SteerRequest } from '../guidance/protocol.ts';
import { guideRequestSchema, steerRequestSchema } from '../guidance/protocol.ts';
import type { Handler, Handlers } from '../process/rpc.ts';
import { issuesOf } from '../schemas.ts';
import { unseenIn } from './unseen.ts';

/** Throws STEER_INVALID. */
function steerRequest(args: unknown): SteerRequest {
  const parsed = steerRequestSchema.safeParse(args);
  if (!parsed.success) throw failure('STEER_INVALID', { what: issuesOf(parsed.error) });
  return parsed.data;
}

/** The engine's calls that a plugin may make, each forwarded as it is; the engine's process parses the arguments. */
export function engineHandlers(
  engine: Engine,
  checked: (p: readonly PictureSource[]) => Promise<void>,
  /** Folders of models that the host has handed out. */
  granted: ReadonlySet<string>,
  /** Told of what the model does not see of long texts. */
  say: (text: string) => void,
  prefix = 'engine.',
): Handlers {
  const withPictures = z.object({ pictures: z.array(pictureSchema) });
  const listed = (args: unknown): PictureSource[] => withPictures.parse(args).pictures;
  const named = (prompts: readonly Prompt[]): PictureSource[] =>
    prompts
      .flatMap((p) => [...p.targets.flat(), { picture: p.mask }])
      .flatMap((item) => [item.picture, 'style' in item ? item.style : undefined])
      .filter((x) => x !== undefined);
  const models = (folders: readonly (string | undefined)[]): void => {
    const strange = folders.find((f) => f !== undefined && !granted.has(f));
    if (strange !== undefined) throw failure('PATH_OUTSIDE', { path: strange });
  };
  const changed = ({ prompts = [], paint, lock, lookers = [] }: Change): PictureSource[] => {
    models(lookers.map((l) => l.folder));
    return [...named(prompts), ...(paint ? [paint] : []), ...(lock ? [lock] : [])];
  };
  const guided = (args: unknown): PictureSource[] => {
    const { prompts, script, plan, lookers, judge } = guideRequestSchema.parse(args);
    models([...lookers.map((l) => l.folder), judge]);
    return [...named(prompts), ...[...script, ...plan].flatMap((e) => changed(e.change))];
  };
  const steered = (args: unknown): PictureSource[] => {
    const { command } = steerRequest(args);
    return command.kind === 'change' ? changed(command.change) : [];
  };
  const none = (): PictureSource[] => [];
  const unseen = unseenIn(engine, say);
  const wordsIn: Partial<Record<Method, (args: unknown) => readonly string[]>> = {
    embedTexts: (args) => requests.embedTexts.parse(args).texts,
    guide: (args) => guideRequestSchema.parse(args).prompts.flatMap(textsOf),
    steer: (args) => {
      const { command } = steerRequest(args);
      return command.kind === 'change' ? (command.change.prompts ?? []).flatMap(textsOf) : [];
    },
  };
  const call = (method: Method, pictures: (args: unknown) => PictureSource[]): [string, Handler] => [
    `${prefix}${method}`,
    async (args, { signal }) => {
      await checked(pictures(args));
      await unseen(wordsIn[method]?.(args) ?? []);
      return engine.forward(method, args, signal);
    },
  ];
  const stream = (method: Method, pictures: (args: unknown) => PictureSource[]): [string, Handler] => [
    `${prefix}${method}`,
    async function* (args, { signal }) {
      await checked(pictures(args));
      await unseen(wordsIn[method]?.(args) ?? []);
      yield* engine.forwardStream(method, args, signal);
    },
  ];
  return Object.fromEntries([
    call('info', none),
    call('embedTexts', none),
    call('everyday', none),
    call('tokenGradient', none),
    call('replacements', none),
    call('keepRows', none),
    call('nearest', none),
    call('steer', steered),
    call('pixelGradient', listed),
    call('saliency', (args) => [z.object({ picture: pictureSchema }).parse(args).picture]),
    stream('embedPictures', listed),
    stream('styles', listed),
    stream('guide', guided),
  ]);
}
