/** How a parameter is typed on the command line. */
import type { Field } from './wire.ts';

/** A switch that is on unless it is turned off. */
export const isOn = ({ type, default: value }: Pick<Field, 'type' | 'default'>): boolean =>
  type === 'boolean' && value === true;

/** Without its value: `--most-words`, or `--no-check` of what is on by itself. */
export const flagOf = (name: string, field: Pick<Field, 'type' | 'default'>): string =>
  `--${isOn(field) ? 'no-' : ''}${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
