/** A plugin's page, from what it says of itself: what it is for, its command, every parameter, and a picture of its output. */
import { type RegisteredPlugin, WANTS } from '../core/index.ts';
import { flagOf } from './flag-name.ts';
import { type Field, parametersSchema } from './wire.ts';

const plain = (text: string): string => text.replace(/\|/g, '\\|').replace(/\n/g, ' ');

function kindOf(field: Field): string {
  if (field.enum) return field.enum.map((v) => `\`${v}\``).join(', ');
  const bounds =
    field.minimum !== undefined && field.maximum !== undefined ? `${field.minimum} to ${field.maximum}` : '';
  if (field.type === 'integer') return `whole number${bounds ? `, ${bounds}` : ''}`;
  if (field.type === 'number') return `number${bounds ? `, ${bounds}` : ''}`;
  if (field.type === 'boolean') return 'yes or no';
  if (field.control === 'pictures') return 'pictures';
  return field.type === 'array' ? 'words' : 'text';
}

function defaultOf({ default: value }: Field): string {
  if (value === undefined) return '';
  if (value === '' || (Array.isArray(value) && value.length === 0)) return 'none';
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

/** Markdown. `picture` is a file beside the page. */
export function pluginPage(plugin: RegisteredPlugin, picture?: string): string {
  const { id, title, description, about, parameters, wants } = plugin;
  const { properties, required } = parametersSchema.parse(parameters);
  const entries = Object.entries(properties);
  const places = entries
    .filter(([, f]) => f.positional)
    .map(([name, f]) => {
      const word = f.type === 'array' ? `${name}...` : name;
      return required.includes(name) ? `<${word}>` : `[${word}]`;
    });
  const rows = entries.map(
    ([name, f]) =>
      `| ${f.title ?? name} | ${f.positional ? `\`${name}\`` : `\`${flagOf(name, f)}\``} | ${kindOf(f)} | ${required.includes(name) ? 'required' : defaultOf(f)} | ${plain(f.description ?? '')} |`,
  );
  return [
    `# ${title}`,
    '',
    description,
    ...(about ? ['', about] : []),
    ...(wants.length > 0
      ? ['', `Beyond what you name to it, it may ${wants.map((want) => WANTS[want]).join('; ')}.`]
      : []),
    ...(picture ? ['', `![What ${title} gives](${picture})`] : []),
    '',
    '## On the command line',
    '',
    `    npx lodestone ${[id, ...places].join(' ')}`,
    '',
    '## Parameters',
    '',
    '| | flag | what | default | |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

/** The list of all pages. */
export const pagesIndex = (plugins: readonly RegisteredPlugin[]): string =>
  [
    '# Plugins',
    '',
    'Written from the plugins themselves by `npm run docs`; the pictures by `npx tsx examples/jobs/pictures.ts`, which runs each in the studio.',
    '',
    '[The studio](studio.md) · [Writing a plugin](writing-a-plugin.md) · [Writing a drawer or a pull](writing-a-drawer.md) · [What is safe](safety.md) · [Policies](policies.md) · [Several machines](several-machines.md) · [What limits it](scale.md)',
    '',
    '| | |',
    '| --- | --- |',
    ...plugins.map((p) => `| [${p.title}](${p.id}.md) | ${plain(p.description)} |`),
    '',
  ].join('\n');
