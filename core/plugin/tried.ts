/** Tries a drawer or a pull before anybody draws with it: what it throws, and what does not fit, is told with its place. Runs its code. */
import { basename } from 'node:path';
import { failure, LodestoneError, messageOf } from '../errors.ts';
import { type DrawContext, type Drawer, type Drawing, type Drawn, readyDrawer } from '../guidance/drawer.ts';
import { rangeOf } from '../guidance/drawers/known.ts';
import { isPlain } from '../guidance/pulls/known.ts';
import { type Loss, readyLoss } from '../guidance/pulls/loss.ts';
import { seeded } from '../random.ts';
import type { Loaded } from './load.ts';

const SIDE = 16;
const GREY = { data: new Uint8Array(3 * SIDE * SIDE).fill(128), width: SIDE, height: SIDE, channels: 3 };

/** What of a drawing does not fit together, by its names. */
function unfit({ parameters, rows }: Drawing): string | undefined {
  const short = parameters.find(({ shape, start }) => start.length !== shape.reduce((a, b) => a * b, 1));
  if (short) {
    const { name, start, shape } = short;
    return `its parameter "${name}" starts with ${start.length} numbers, and its shape [${shape.join(', ')}] has another count`;
  }
  const names = new Set(parameters.map(({ name }) => name));
  const meant = rows ? [rows.places, rows.presence, ...(rows.ink ? [rows.ink] : [])] : [];
  const missing = meant.find((name) => !names.has(name));
  return missing === undefined ? undefined : `its "rows" name "${missing}", and it has no parameter of that name`;
}

/** Throws where what is drawn has another shape than a picture. */
function fitting(drawn: Drawn, { height, width }: DrawContext): Drawn {
  const { colour, alpha, penalty } = drawn;
  const wanted = { colour: [1, 3, height, width], alpha: [1, 1, height, width], penalty: [] };
  const found = { colour: colour.shape, alpha: alpha.shape, penalty: penalty?.shape ?? [] };
  for (const name of ['colour', 'alpha', 'penalty'] as const)
    if (found[name].join() !== wanted[name].join())
      throw new TypeError(`its ${name} is [${found[name].join(', ')}] where it is to be [${wanted[name].join(', ')}]`);
  return drawn;
}

function tryDrawer(drawer: Drawer): string | undefined {
  const { count } = drawer.shared ?? {};
  if (count !== undefined && !hasRange(drawer, count))
    return `its setting "${count}", which the field "count" sets, is to be a number with a default`;
  // What a picture gives cannot be tried without one.
  if (drawer.shared?.start !== undefined || drawer.shared?.mask !== undefined) return undefined;
  const settings = drawer.settings.parse({});
  const drawing = drawer.begin(settings, seeded(1), { height: 1, width: 1 });
  const wrong = unfit(drawing);
  if (wrong) return wrong;
  const checked = (): Drawing => ({
    ...drawing,
    draw: (values, context) => fitting(drawing.draw(values, context), context),
  });
  readyDrawer({ ...drawer, canvas: SIDE, begin: checked }, settings, 1, { preview: SIDE, output: SIDE });
  const starts = Object.fromEntries(drawing.parameters.map(({ name, start }) => [name, Float32Array.from(start)]));
  drawing.shapes?.(starts, 1);
  return undefined;
}
function hasRange(drawer: Drawer, setting: string): boolean {
  try {
    rangeOf(drawer, setting);
    return true;
  } catch {
    return false;
  }
}

function tryPull(pull: Loss): string | undefined {
  const checked: Loss['loss'] = (picture, settings, context) => {
    const loss = pull.loss(picture, settings, context);
    if (loss.shape.length > 0)
      throw new TypeError(`its loss is [${loss.shape.join(', ')}]: end with .mean(), for one number`);
    return loss;
  };
  readyLoss({ ...pull, loss: checked }, isPlain(pull) ? {} : { picture: GREY }, 1, { height: SIDE, width: SIDE });
  return undefined;
}

/** Throws PLUGIN_INVALID. */
export function tried(loaded: Loaded, file: string): void {
  if (loaded.kind === 'plugin') return;
  let what: string | undefined;
  try {
    what = loaded.kind === 'drawer' ? tryDrawer(loaded.drawer) : tryPull(loaded.pull);
  } catch (thrown) {
    const lines = thrown instanceof Error ? (thrown.stack?.split('\n') ?? []) : [];
    const place = /([^/\\(]+:\d+:\d+)\)?$/.exec(lines.find((line) => line.includes(`${basename(file)}:`)) ?? '')?.[1];
    const said = thrown instanceof LodestoneError ? thrown.message.replace(/\.$/, '') : messageOf(thrown);
    what = `${place ? `${place}: ` : ''}${said}`;
  }
  if (what !== undefined) throw failure('PLUGIN_INVALID', { file, what });
}
