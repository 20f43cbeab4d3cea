/** What a finished drawing says of its run. */
import { onnxruntime } from '../native.ts';
import type { Eye } from './looker.ts';
import { printPrompt } from './prompt/print.ts';
import type { LogEntry, ParsedGuideRequest, RunRecord, Tried } from './protocol.ts';

/** A change as JSON: the caller's note, or the change with its pictures named. */
const written = ({ change, note }: LogEntry): unknown =>
  note ?? {
    ...change,
    ...(change.prompts ? { prompts: printPrompt(change.prompts) } : {}),
    ...(change.paint ? { paint: true } : {}),
    ...(change.lock ? { lock: true } : {}),
    ...(change.drawer ? { drawer: change.drawer.id } : {}),
  };

interface Models {
  readonly eye: Eye;
  readonly open: (folder: string) => Promise<Eye>;
  readonly threads: number;
}

/** Folders of all models beside the engine's own that guided at any time, or judged. */
function foldersOf({ lookers, judge }: ParsedGuideRequest, script: readonly LogEntry[]): string[] {
  const chosen = [...lookers, ...script.flatMap((e) => e.change.lookers ?? [])].map((l) => l.folder);
  return [...new Set([...chosen, judge].filter((folder) => folder !== undefined))];
}

/** Their hashes, where there are any. */
export async function hashesBeside(
  request: ParsedGuideRequest,
  script: readonly LogEntry[],
  { open }: Pick<Models, 'open'>,
): Promise<{ others?: string[] }> {
  const hashes = foldersOf(request, script).map(async (folder) => (await open(folder)).model.hash());
  return hashes.length > 0 ? { others: await Promise.all(hashes) } : {};
}

interface Course {
  readonly script: readonly LogEntry[];
  readonly steps: number;
  readonly tried: Tried | undefined;
}

/** `script` is what was changed, `steps` how many were done. */
export async function recordOf(
  request: ParsedGuideRequest,
  { script, steps, tried }: Course,
  models: Models,
): Promise<RunRecord> {
  const { drawer, settings, prompts } = request;
  return {
    model: await models.eye.model.hash(),
    drawer: drawer.id,
    settings,
    prompts: printPrompt(prompts),
    script: script.map((e) => ({ step: e.step, change: written(e) })),
    steps,
    threads: models.threads,
    onnxruntime: onnxruntime().env.versions.common,
    ...(tried ? { tried } : {}),
    ...(await hashesBeside(request, script, models)),
  };
}
