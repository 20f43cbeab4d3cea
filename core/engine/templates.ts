/** Sentences that a bare label is put into, so that its embedding means the thing and not the word (template ensembling, Radford et al., 2021, section 3.1.4). */

export const PHOTO_TEMPLATES: readonly string[] = [
  '{}',
  'a photo of {}',
  'a picture of {}',
  'a drawing of {}',
  'an icon of {}',
  'an illustration of {}',
];

export const fill = (template: string, label: string): string => template.replaceAll('{}', label);
