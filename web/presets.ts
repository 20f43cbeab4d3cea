/** Settings that a person keeps under a name, on this device; and links that carry them. */
import { z } from 'zod';
import { type Settings, settingsSchema } from '../server/wire.ts';
import { addressOf } from './links.ts';
import { remembered } from './remembered.ts';
import { chosen, values } from './state.ts';

const PRESETS = 200;
export const presets = remembered(
  'presets',
  z.array(settingsSchema.extend({ name: z.string().min(1).max(80) })).max(PRESETS),
  [],
);

/** What is on the form. */
export const onForm = (): Settings | undefined => chosen.value && { plugin: chosen.value.id, parameters: values.value };

/** One of the same name is taken over. */
export function keep(name: string): void {
  const now = onForm();
  if (now) presets.value = [{ ...now, name }, ...presets.value.filter((p) => p.name !== name)].slice(0, PRESETS);
}
export function drop(name: string): void {
  presets.value = presets.value.filter((p) => p.name !== name);
}

/** Settings of a link; nothing where it has none that can be read. */
export function readSettings(text: string): Settings | undefined {
  try {
    return settingsSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
export const linkOf = (settings: Settings): string =>
  new URL(addressOf({ use: JSON.stringify(settings) }), location.href).href;
