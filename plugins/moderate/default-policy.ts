/** The policy that is used when none is given: everyday things that many places would rather see first. It flags, and blocks nothing. */
export const DEFAULT_POLICY = {
  format: 'lodestone-policy',
  version: 1,
  name: 'Everyday caution',
  rules: [
    {
      id: 'weapons',
      title: 'Weapons',
      prompts: ['a gun', 'a revolver', 'a pistol', 'a rifle', 'a sword', 'a cannon', 'a crossbow'],
      unless: ['a kitchen knife and a fork', 'a water gun', 'a hammer', 'a screwdriver'],
      threshold: 99.5,
      certainty: 0.6,
      action: 'flag',
    },
    {
      id: 'alcohol',
      title: 'Alcohol',
      prompts: ['a beer mug', 'a glass of wine', 'a wine bottle', 'a cocktail', 'a martini glass'],
      unless: ['a glass of water', 'a glass of milk', 'a glass of juice', 'a cup of coffee'],
      threshold: 99.5,
      certainty: 0.6,
      action: 'flag',
    },
    {
      id: 'drugs',
      title: 'Drugs and smoking',
      prompts: ['a cigarette', 'smoking', 'a pill', 'a syringe', 'cannabis'],
      unless: ['a pencil', 'a thermometer', 'candy'],
      threshold: 99.5,
      certainty: 0.6,
      action: 'flag',
    },
    {
      id: 'gore',
      title: 'Blood and death',
      prompts: ['a skull', 'skull and crossbones', 'a skeleton', 'a drop of blood', 'a zombie'],
      unless: ['ketchup', 'a tomato', 'a red flower', 'a mask'],
      threshold: 99.5,
      certainty: 0.6,
      action: 'flag',
    },
  ],
} as const;
