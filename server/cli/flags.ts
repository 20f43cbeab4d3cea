/** Command-line arguments and options from a plugin's schema, and back to its parameters. */
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { flagOf, isOn } from '../flag-name.ts';
import { type Field, parametersSchema } from '../wire.ts';

function numberOf(field: Field): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || (field.type === 'integer' && !Number.isInteger(value)))
      throw new InvalidArgumentError(`It must be a ${field.type === 'integer' ? 'whole ' : ''}number.`);
    if (field.minimum !== undefined && value < field.minimum)
      throw new InvalidArgumentError(`It must be at least ${field.minimum}.`);
    if (field.maximum !== undefined && value > field.maximum)
      throw new InvalidArgumentError(`It must be at most ${field.maximum}.`);
    return value;
  };
}

export interface Flags {
  /** Names of the parameters that are taken by place, in order. */
  readonly positional: readonly string[];
  /** Names of the others, and what commander calls them: it folds hyphens. */
  readonly named: readonly (readonly [name: string, option: string])[];
}

function argumentOf(name: string, field: Field, required: boolean): Argument {
  const word = field.type === 'array' ? `${name}...` : name;
  return new Argument(required ? `<${word}>` : `[${word}]`, field.description ?? field.title ?? '');
}

/** A default as a person would type it. */
const written = (value: unknown): string =>
  value === '' || (Array.isArray(value) && value.length === 0)
    ? 'none'
    : typeof value === 'string'
      ? value
      : JSON.stringify(value);
/** Bounds and default, as --help shows them. */
function factsOf({ minimum, maximum, default: value, type }: Field): string {
  const bounds = minimum === undefined || maximum === undefined ? '' : `${minimum} to ${maximum}`;
  const facts = [bounds, value === undefined || type === 'boolean' ? '' : `default ${written(value)}`].filter(Boolean);
  return facts.length > 0 ? ` (${facts.join(', ')})` : '';
}

function optionOf(name: string, field: Field, required: boolean): Option {
  const value = field.type === 'array' ? ` <${name}...>` : ` <${field.type === 'string' ? name : field.type}>`;
  const option = new Option(
    `${flagOf(name, field)}${field.type === 'boolean' ? '' : value}`,
    `${isOn(field) ? 'without: ' : ''}${field.description ?? field.title ?? ''}${factsOf(field)}`,
  );
  if (field.enum) option.choices(field.enum);
  else if (field.type === 'number' || field.type === 'integer') option.argParser(numberOf(field));
  return required ? option.makeOptionMandatory() : option;
}

/** Adds what the schema asks for to a command. Only the last place may take many words. */
export function addFlags(command: Command, schema: unknown): Flags {
  const { properties, required } = parametersSchema.parse(schema);
  const entries = Object.entries(properties);
  const isPositional = ([, field]: [string, Field]): boolean => field.positional === true;
  const named: [string, string][] = [];
  for (const entry of entries) {
    const [name, field] = entry;
    if (isPositional(entry)) command.addArgument(argumentOf(name, field, required.includes(name)));
    else {
      const option = optionOf(name, field, required.includes(name));
      command.addOption(option);
      named.push([name, option.attributeName()]);
    }
  }
  return { positional: entries.filter(isPositional).map(([name]) => name), named };
}

/** The parameters that were given; what was left out is the schema's to fill. */
export function parametersFrom(
  { positional, named }: Flags,
  words: readonly unknown[],
  options: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const pairs = [
    ...positional.map((name, i) => [name, words[i]] as const),
    ...named.map(([name, option]) => [name, options[option]] as const),
  ];
  return Object.fromEntries(
    pairs.filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)),
  );
}
