/** The files that a run was given, found again for a replay: where they were, beside the picture, among the uploads, or by their content. */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, normalize, resolve } from 'node:path';
import {
  failure,
  type GenerateRequest,
  hashOfFile,
  type PictureSource,
  type Recipe,
  RunInputs,
} from '../../core/index.ts';
import { fetchPicture } from '../fetch-picture.ts';
import { DATA, readAllowed } from '../files.ts';
import { gatherPictures } from '../pictures.ts';

type Input = Recipe['inputs'][number];

const ADDRESS = /^https?:\/\//i;
/** Files beside the picture whose content is looked at. */
const LOOKED_AT = 500;
const SIZE_LIMIT = 512 << 20;
/** Where pictures of a text-to-image service are kept, see generate-pictures.ts. */
const GENERATED = 'lodestone-generated';

const isHashed = async (path: string, { sha256 }: Input): Promise<boolean> => {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true && (await hashOfFile(path).catch(() => '')) === sha256;
};

async function byContent(folder: string, input: Input): Promise<string | undefined> {
  const names = (await readdir(folder).catch(() => [])).sort().slice(0, LOOKED_AT);
  for (const name of names) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() && found.size <= SIZE_LIMIT && (await isHashed(path, input))) return path;
  }
  return undefined;
}

export class RecordedInputs {
  private readonly found: ReadonlyMap<string, string>;
  private readonly inputs: readonly Input[];
  private readonly many: Recipe['many'];
  private readonly asked = new RunInputs();

  private constructor({ inputs, many }: Recipe, found: ReadonlyMap<string, string>) {
    this.inputs = inputs;
    this.many = many;
    this.found = found;
  }

  /** `made` is the picture or the folder that the recipe was read from. Throws RECORD_INPUT for a file that is gone, or another now. */
  static async of(recipe: Recipe, made: string): Promise<RecordedInputs> {
    const beside = (await stat(made).catch(() => undefined))?.isDirectory() ? made : dirname(made);
    const found = new Map<string, string>();
    for (const input of recipe.inputs) {
      if (found.has(input.path) || ADDRESS.test(input.path)) continue;
      const name = basename(input.path);
      // What a studio kept is called by its place in the data folder.
      const places = [input.path, join(beside, name), join(DATA, input.path), join(DATA, 'uploads', name)];
      let place: string | undefined;
      for (const candidate of places) if (!place && (await isHashed(candidate, input))) place = candidate;
      place ??= await byContent(beside, input);
      if (!place) {
        const there = await stat(input.path).catch(() => undefined);
        const what = there ? 'is another picture now' : 'is not there, nor beside the picture';
        throw failure('RECORD_INPUT', { path: input.path, sha256: input.sha256, what });
      }
      found.set(input.path, place);
    }
    return new RecordedInputs(recipe, found);
  }

  /** What was recorded of a field: a file, all files of a folder, an upload. */
  private recordedOf(field: string): readonly string[] {
    const asked = normalize(field.replace(/^(?:upload|shelf):/, '')).replace(/^(?:\.\.?\/)+|\/+$/g, '');
    const fits = ({ path }: Input): boolean =>
      path === field || path === resolve(field) || path.endsWith(`/${asked}`) || path.includes(`/${asked}/`);
    const paths =
      asked === '' || asked === '.' ? this.inputs.map((i) => i.path) : this.inputs.filter(fits).map((i) => i.path);
    return [...new Set(paths)].flatMap((path) => this.found.get(path) ?? []);
  }

  /** Throws RECORD_INPUT, RECORD_INPUTS. */
  async pictures(fields: readonly string[], signal?: AbortSignal): Promise<PictureSource[]> {
    const all: PictureSource[] = [];
    for (const field of fields) {
      const input = this.inputs.find((i) => i.path === field.slice(0, 255));
      const recorded = this.recordedOf(field);
      if (ADDRESS.test(field) && input) all.push(await fetchedAgain(field, input, signal));
      else if (recorded.length > 0) all.push(...recorded.map((path) => ({ path })));
      else all.push(...(await gatherPictures([field], {}, signal)));
    }
    await this.counted(all, fields);
    return all;
  }

  /** Of inputs that were too many to be named, whether they are the same all together. */
  private async counted(pictures: readonly PictureSource[], fields: readonly string[]): Promise<void> {
    if (!this.many) return;
    const { count, sha256 } = this.many;
    this.asked.given(pictures);
    const now = (await this.asked.told()).many;
    if (!now || now.count < count || (now.count === count && now.sha256 === sha256)) return;
    throw failure('RECORD_INPUTS', { path: fields.join(', '), count, found: now.count });
  }

  async read(file: string): Promise<Uint8Array> {
    const [path] = this.recordedOf(file);
    return path === undefined ? readAllowed(file, {}) : readFile(path);
  }

  /** Pictures that a service made for the run are those that it made then: nobody is asked, and paid, again. Throws RECORD_INPUT. */
  async generated({ count }: GenerateRequest): Promise<PictureSource[]> {
    const kept = [...this.found]
      .filter(([path]) => basename(dirname(path)) === GENERATED)
      .map(([, path]) => ({ path }));
    if (kept.length >= count) return kept.slice(0, count);
    throw failure('RECORD_INPUT', {
      path: GENERATED,
      sha256: '',
      what: `holds ${kept.length} of the ${count} pictures that a service made for it`,
    });
  }
}

async function fetchedAgain(address: string, { path, sha256 }: Input, signal?: AbortSignal): Promise<PictureSource> {
  const bytes = await fetchPicture(address, signal ? { signal } : {});
  if (createHash('sha256').update(bytes).digest('hex') !== sha256)
    throw failure('RECORD_INPUT', { path, sha256, what: 'is another picture now' });
  return { bytes, name: path };
}
