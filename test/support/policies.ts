/** A policy with one rule, for pictures that are easily made. */
export const HEARTS = {
  format: 'lodestone-policy',
  version: 1,
  name: 'No hearts',
  rules: [
    {
      id: 'hearts',
      title: 'Hearts',
      prompts: ['a red heart'],
      unless: ['a strawberry'],
      threshold: 95,
      action: 'block',
    },
  ],
};
