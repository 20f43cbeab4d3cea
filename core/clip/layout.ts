/** Which file of a model folder holds what: exporters name and place their graphs in many ways. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { failure } from '../errors.ts';

export interface Layout {
  /** Folder that graphs and their weights are relative to. */
  readonly graphs: string;
  readonly vision?: string;
  readonly text?: string;
  /** One file with both towers, or one whose name does not tell. */
  readonly combined?: string;
  /** Precisions that the folder offers: '' for the plain file, else what follows its name (fp16, quantized, q4). */
  readonly variants: readonly string[];
}

/** Where each JSON file may lie, in order; OpenCLIP's exports keep them beside the tower that they concern. */
export const CONFIGS = ['config.json', 'open_clip_config.json'];
export const PREPROCESSORS = ['preprocessor_config.json', 'visual/preprocess_cfg.json', 'preprocess_cfg.json'];
export const TOKENIZERS = ['tokenizer.json', 'textual/tokenizer.json', 'tokenizer/tokenizer.json'];
export const TOKENIZER_CONFIGS = TOKENIZERS.map((t) => t.replace('tokenizer.json', 'tokenizer_config.json'));
/** All of them. */
export const SETTINGS = [...CONFIGS, ...PREPROCESSORS, ...TOKENIZERS, ...TOKENIZER_CONFIGS];

interface Found {
  /** Relative to the folder. */
  readonly path: string;
  readonly role: 'vision' | 'text' | 'combined';
  readonly variant: string;
}

/** The kinds that are tried, in order, when none is asked for. */
const PREFERRED = ['', 'fp32', 'fp16', 'quantized', 'int8', 'uint8', 'q8', 'q4', 'q4f16', 'bnb4'];
const ENTRIES_LIMIT = 2_000;
const ROLES = [
  ['vision', /vision|visual|image|img/i],
  ['text', /text/i],
] as const;
/** Words in a graph's name that say what it is; what follows them is the precision. */
const NAME = /^(.*(?:model|encoder|tower|visual|textual|vision|text|image|clip))(?:[_.-](.+))?$/i;

/** A path inside the folder; throws PATH_ESCAPES for one that leads out of it, by its name or through a link. */
export async function insideFolder(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  if (isAbsolute(name) || relative(folder, path).split(sep)[0] === '..')
    throw failure('PATH_ESCAPES', { folder, path: name });
  const [root, real] = await Promise.all([realpath(folder).catch(() => folder), realpath(path).catch(() => path)]);
  const within = (base: string): boolean => real === base || real.startsWith(base + sep);
  // A hub's cache keeps contents in `blobs`, and links to them in `snapshots/<commit>`.
  const repository = dirname(dirname(root));
  const cached = basename(dirname(root)) === 'snapshots' && within(join(repository, 'blobs'));
  if (!within(root) && !cached) throw failure('PATH_ESCAPES', { folder, path: name });
  return path;
}

/** Every .onnx file of the folder and of the folders in it, by its path inside. */
export async function graphFiles(folder: string): Promise<string[]> {
  const top = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of top.slice(0, ENTRIES_LIMIT)) {
    if (entry.name.startsWith('.')) continue;
    if (entry.name.endsWith('.onnx')) found.push(entry.name);
    else if (entry.isDirectory()) {
      const inner = await readdir(join(folder, entry.name)).catch(() => []);
      found.push(
        ...inner
          .slice(0, ENTRIES_LIMIT)
          .filter((f) => f.endsWith('.onnx'))
          .map((f) => `${entry.name}/${f}`),
      );
    }
  }
  return found.sort();
}

function classified(path: string): Found {
  const stem = basename(path, '.onnx');
  const role =
    ROLES.find(([, pattern]) => pattern.test(stem)) ?? ROLES.find(([, pattern]) => pattern.test(dirname(path)));
  return { path, role: role?.[0] ?? 'combined', variant: NAME.exec(stem)?.[2] ?? '' };
}

export interface ChosenGraphs {
  readonly vision?: string;
  readonly text?: string;
  readonly combined?: string;
  readonly variants: readonly string[];
}

/** The graphs of one precision among `paths`. Without a wish, the plain ones, or the first that there are. Throws MODEL_MISSING. */
export function chosenGraphs(folder: string, paths: readonly string[], variant?: string): ChosenGraphs {
  const all = paths.map(classified);
  if (all.length === 0)
    throw failure('MODEL_MISSING', {
      folder,
      what: 'it has no .onnx file, such as onnx/vision_model.onnx, onnx/text_model.onnx or onnx/model.onnx',
    });
  const variants = [...new Set(all.map((f) => f.variant))];
  const order = variant === undefined ? [...PREFERRED, ...variants] : [variant];
  const wanted = order.find((v) => variants.includes(v));
  if (wanted === undefined)
    throw failure('MODEL_MISSING', {
      folder,
      what: `it has no graphs of the kind "${variant}"; there are: ${variants.map((v) => v || 'plain').join(', ')}`,
    });
  const of = (role: Found['role'], kind: string): string | undefined =>
    all.find((f) => f.role === role && f.variant === kind)?.path;
  const whole = of('combined', wanted);
  // A tower that is not there in this precision is taken as it is, unless a combined file holds it.
  const tower = (role: Found['role']): string | undefined => of(role, wanted) ?? (whole ? undefined : of(role, ''));
  const [vision, text] = [tower('vision'), tower('text')];
  // The plain combined file still says what the logits are.
  const combined = whole ?? (vision && text ? of('combined', '') : undefined);
  return { variants, ...(vision ? { vision } : {}), ...(text ? { text } : {}), ...(combined ? { combined } : {}) };
}

/** The graphs of one precision in a folder, but for those that its settings have a use of their own for. Throws MODEL_MISSING. */
export async function layoutOf(folder: string, variant?: string, others: readonly string[] = []): Promise<Layout> {
  const files = (await graphFiles(folder)).filter((f) => !others.includes(f));
  const { vision, text, combined, variants } = chosenGraphs(folder, files, variant);
  const folders = new Set([vision, text, combined].flatMap((p) => (p ? [dirname(p)] : [])));
  const [only = '.'] = folders.size === 1 ? folders : ['.'];
  const local = (path: string): string => (only === '.' ? path : basename(path));
  return {
    graphs: only === '.' ? folder : join(folder, only),
    variants,
    ...(vision ? { vision: local(vision) } : {}),
    ...(text ? { text: local(text) } : {}),
    ...(combined ? { combined: local(combined) } : {}),
  };
}

/** The first of these names that is a file in the folder. */
export async function firstFile(folder: string, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found?.isFile()) return insideFolder(folder, name);
  }
  return undefined;
}
