/** Parameters that make a plugin's run short, made from its schema. */
import type { RegisteredPlugin } from '../../core/index.ts';
import { type Field, parametersSchema } from '../wire.ts';

export type Values = Readonly<Record<string, unknown>>;
export type Fields = Readonly<Record<string, Field>>;

/** For runs that are to be cancelled. */
export const LONG = { steps: 5000, generations: 2000, questions: 400 };

export const fieldsOf = (plugin: RegisteredPlugin): Fields => parametersSchema.parse(plugin.parameters).properties;
/** Those of the values that it has fields for. */
export const among = (values: Values, fields: Fields): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([name]) => name in fields));

/** What it asks for, of a folder of pictures, and `short` where it has such fields. */
export function smallParameters(plugin: RegisteredPlugin, pictures: string, short: Values): Record<string, unknown> {
  const { properties, required } = parametersSchema.parse(plugin.parameters);
  const asked = Object.entries(properties).flatMap(([name, field]): [string, unknown][] => {
    if (!required.includes(name) && field.positional !== true) return [];
    if (field.control === 'pictures') return [[name, [pictures]]];
    if (field.control === 'prompt') return [[name, 'a red circle']];
    return field.type === 'array' && required.includes(name) ? [[name, ['a red circle', 'a star']]] : [];
  });
  return { ...among(short, properties), ...Object.fromEntries(asked) };
}
