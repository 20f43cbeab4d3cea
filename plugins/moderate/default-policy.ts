/** The policy that is used when none is given: everyday things that many places would rather see first. It flags, and blocks nothing. */
export const DEFAULT_POLICY = {
  format: 'lodestone-policy',
  version: 1,
  name: 'Everyday caution',
  rules: [
    {
      id: 'weapons',
      title: 'Weapons',
      prompts: ['a gun', 'a revolver', 'a rifle', 'a sword', 'a knife used as a weapon', 'a bomb', 'a cannon'],
      unless: ['a kitchen knife and a fork', 'a water gun', 'a hammer', 'a screwdriver'],
      threshold: 99.5,
      action: 'flag',
    },
    {
      id: 'alcohol',
      title: 'Alcohol',
      prompts: ['a beer', 'a glass of wine', 'a wine bottle', 'a cocktail', 'people drinking alcohol'],
      unless: ['a glass of water', 'a glass of milk', 'a glass of juice', 'a cup of coffee'],
      threshold: 99.5,
      action: 'flag',
    },
    {
      id: 'drugs',
      title: 'Drugs and smoking',
      prompts: ['a cigarette', 'smoking', 'a syringe', 'pills', 'cannabis'],
      unless: ['a pencil', 'a thermometer', 'candy'],
      threshold: 99.5,
      action: 'flag',
    },
    {
      id: 'gore',
      title: 'Blood and death',
      prompts: ['blood', 'a skull', 'a wound', 'a corpse', 'a skeleton'],
      unless: ['ketchup', 'a tomato', 'a red flower', 'a mask'],
      threshold: 99.5,
      action: 'flag',
    },
  ],
} as const;
