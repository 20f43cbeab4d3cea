/** One command a plugin, made from its schema. */

import { basename, extname } from 'node:path';
import { Command } from 'commander';
import {
  failure,
  type GenerateRequest,
  type PluginEvent,
  type RegisteredPlugin,
  runPlugin,
  writeWhole,
} from '../../core/index.ts';
import { generatePictures } from '../generate-pictures.ts';
import { gatherPictures } from '../pictures.ts';
import { addFlags, parametersFrom } from './flags.ts';
import { type Context, type Shared, withEngine } from './shared.ts';

const score = (x: number): string => x.toFixed(3).padStart(7);

const percent = (x: number | undefined): string =>
  x === undefined ? '' : `  ${Math.floor(x).toString().padStart(3)} %`;

/** `heart.png`, and `heart-2.png` for the next. */
function numbered(path: string, count: number): string {
  const end = extname(path);
  return count === 0 ? path : `${path.slice(0, path.length - end.length)}-${count + 1}${end}`;
}

export function pluginCommand(plugin: RegisteredPlugin, shared: Shared): Command {
  const command = new Command(plugin.id).aliases(plugin.aliases).description(plugin.description);
  const flags = addFlags(command, plugin.parameters);
  command.option('--out <file>', 'where to write the picture (PNG)');
  return shared.finish(command, async (context, words, options) => {
    const parameters = parametersFrom(flags, words, options);
    const out = typeof options['out'] === 'string' ? options['out'] : undefined;
    if (out !== undefined && extname(out).toLowerCase() !== '.png')
      throw failure('USAGE', { what: `--out ${out}: pictures are written as PNG, so the name must end in .png.` });
    await withEngine(context, async (engine) => {
      const services = {
        engine,
        pictures: (fields: readonly string[], signal?: AbortSignal) => gatherPictures(fields, {}, signal),
        generate: (request: GenerateRequest, signal: AbortSignal) =>
          generatePictures(request, { folder: 'lodestone-generated', signal }),
        log: (message: string) => context.terminal.warn(message),
      };
      const result: Record<string, unknown> = { plugin: plugin.id };
      const pictures: object[] = [];
      for await (const event of runPlugin(plugin, parameters, services, { signal: context.signal }).events) {
        if (event.type === 'picture')
          pictures.push(
            await keep(
              event,
              numbered(
                out ??
                  `${basename(String(parameters['prompt'] ?? plugin.id))
                    .replace(/[^\w]+/g, '-')
                    .slice(0, 60)}.png`,
                pictures.length,
              ),
              context,
            ),
          );
        else tell(event, context, result);
      }
      context.terminal.document({ ...result, ...(pictures.length > 0 ? { pictures } : {}) });
    });
  });
}

async function keep(
  event: Extract<PluginEvent, { type: 'picture' }>,
  file: string,
  { terminal }: Context,
): Promise<object> {
  await writeWhole(file, event.bytes);
  terminal.line(`${file}  ${event.width} x ${event.height}`);
  return {
    file,
    title: event.title,
    width: event.width,
    height: event.height,
    ...(event.record ? { record: event.record } : {}),
  };
}

function tell(event: PluginEvent, { terminal }: Context, result: Record<string, unknown>): void {
  if (event.type === 'progress') terminal.progress(event.done, event.total);
  else if (event.type === 'note') {
    terminal.warn(event.text);
    result['notes'] = [...((result['notes'] as string[] | undefined) ?? []), event.text];
  } else if (event.type === 'chart') {
    result['scores'] = event.series;
    if (event.percentiles) result['percentiles'] = event.percentiles;
  } else if (event.type === 'ranking') {
    terminal.line(event.title);
    for (const item of event.items)
      terminal.line(
        `${score(item.score)}${percent(item.percentile)}  ${item.picture}${item.values.length > 1 ? `  (${event.columns.map((c, i) => `${c}${score(item.values[i] ?? 0)}`).join(', ')})` : ''}`,
      );
    result['ranking'] = { title: event.title, columns: event.columns, items: event.items };
  }
}
