/** What `lodestone new` writes: a folder with a package, one file to change, and a page. */

export const SCAFFOLDS = ['plugin', 'drawer', 'pull', 'sketch'] as const;
export type Scaffold = (typeof SCAFFOLDS)[number];

/** "my-dots" as people read it: My dots. */
const titleOf = (name: string): string => `${name[0]?.toUpperCase() ?? ''}${name.slice(1).replaceAll('-', ' ')}`;

const PLUGIN = (
  name: string,
): string => `/** Puts the pictures first that fit the words best, and says how sure that is. Change what it asks for, and what it counts. */

import { definePlugin, picturesField, promptField, rankedEvents } from 'lodestone/plugin';
import { z } from 'zod';

export default definePlugin({
  id: '${name}',
  title: '${titleOf(name)}',
  description: 'Puts the pictures first that fit your words best.',
  version: '0.1.0',
  group: 'find',
  // Each field is a control of the studio and a flag of the command line.
  parameters: z.object({
    prompt: promptField({ description: 'What is looked for: a red door' }),
    pictures: picturesField(),
    best: z.int().min(0).max(1000).default(12).meta({ title: 'Best', description: 'How many are listed; 0 for all' }),
  }),
  async *run({ prompt, pictures: fields, best }, { engine, pictures: gather, signal }) {
    const pictures = await gather(fields);
    const targets = await engine.embedLabels([prompt], undefined, { signal });
    // Tells how far it is, and at the end a ranking whose pictures can be opened.
    yield* rankedEvents(engine.embedPictures(pictures, { signal }), {
      title: \`How well they fit "\${prompt}"\`,
      columns: [prompt],
      pictures,
      targets,
      weights: [1],
      best,
    });
  },
});
`;

const DRAWER = (
  name: string,
): string => `/** Draws with round marks. Change what a mark is: \`draw\` says where it leaves paint, \`shapes\` the same as SVG. */

import { defineDrawer, filled, finishOf, named, pixelPlaces, shapeParameters, softness } from 'lodestone/plugin';
import { z } from 'zod';

export default defineDrawer({
  id: '${name}',
  title: '${titleOf(name)}',
  // Follows "What the picture is made of: ".
  description: '${name.replaceAll('-', ' ')}',
  // Each setting is a field of Guide's that shows while this drawer is chosen. All need a default.
  settings: z.object({
    marks: z.int().min(1).max(400).default(120).meta({ title: 'Marks', description: 'How many marks there are' }),
    radius: z
      .number()
      .min(0.01)
      .max(0.2)
      .default(0.04)
      .meta({ title: 'Radius', description: 'Of a mark, as a share of the canvas' }),
  }),
  // Guide's field "Shapes" (--count) sets this one.
  shared: { count: 'marks' },
  // Side of the square that the model looks at while it draws, in pixels.
  canvas: 48,
  // Colour behind the drawing: red, green and blue, 0 to 1.
  paper: [0.98, 0.97, 0.94],
  begin({ marks, radius }, random, plane) {
    return {
      layers: marks,
      // Marks that do nothing are put where paint is needed: for that it is told where they are, how much they are there, and their colour.
      rows: { count: marks, places: 'centre', presence: 'opacity', ink: 'ink' },
      // What the words move: centres, colours and how solid each mark is.
      parameters: shapeParameters(marks, random, plane),
      draw(values, context) {
        const { x, y } = pixelPlaces(context);
        const centre = named(values, 'centre');
        const dx = x.sub(centre.slice(1, 0, 1));
        const dy = y.sub(centre.slice(1, 1, 2));
        // Added since a root has no slope at 0.
        const away = dx.square().add(dy.square()).add(1e-6).sqrt();
        // How far inside the mark each pixel lies, [marks, height * width]; below 0 is outside.
        return filled(away.neg().add(radius).div(softness(context)), values, context);
      },
      shapes: ({ centre, ...values }, progress) =>
        Array.from({ length: marks }, (_, i) => {
          const [x = 0, y = 0] = [centre?.[2 * i], centre?.[2 * i + 1]];
          const half = \`a\${radius} \${radius} 0 1 0\`;
          const path = \`M\${x - radius} \${y}\${half} \${2 * radius} 0\${half} \${-2 * radius} 0Z\`;
          return { path, ...finishOf(values, i, progress) };
        }).reverse(),
    };
  },
});
`;

const PULL = (
  name: string,
): string => `/** Pulls a picture towards bright colours, or with a weight below zero towards dark ones. Change what it counts: less is better. */

import { definePull } from 'lodestone/plugin';
import { z } from 'zod';

export default definePull({
  id: '${name}',
  // What more of it does to a picture.
  description: 'brighter, up to what is asked for',
  // Written as ${name}[aim=0.9]:2. All need a default.
  settings: z.object({ aim: z.number().min(0).max(1).default(0.8) }),
  // The picture is [1, 3, height, width], red, green and blue, 0 to 1. What comes out is one number that is made small.
  loss(picture, { aim }) {
    const missing = picture.neg().add(aim);
    return missing.max(0).square().mean();
  },
});
`;

const SKETCH = (
  name: string,
): string => `/** Evolves a balloon: numbers with bounds, and a function that draws them. Change both. */

import { defineSketch } from 'lodestone/plugin';

export default defineSketch({
  id: '${name}',
  title: '${titleOf(name)}',
  description: 'Evolves a balloon.',
  version: '0.1.0',
  paper: '#faf7ef',
  // What evolution may choose: \`count\` numbers between \`low\` and \`high\`, or one.
  genes: {
    size: { low: 0.15, high: 0.4, count: 2 },
    hue: { low: 0, high: 360 },
    sway: { low: -0.3, high: 0.3 },
  },
  draw(c, { size: [wide = 0.3, tall = 0.3], hue: [hue = 0], sway: [sway = 0] }, { size }) {
    const [x, y] = [size / 2, 0.4 * size];
    c.strokeStyle = '#333';
    c.lineWidth = 0.006 * size;
    c.beginPath();
    c.moveTo(x, y + tall * size);
    c.quadraticCurveTo(x + sway * size, 0.85 * size, x, size);
    c.stroke();
    c.fillStyle = \`hsl(\${hue} 70% 60%)\`;
    c.beginPath();
    c.ellipse(x, y, wide * size, tall * size, 0, 0, 2 * Math.PI);
    c.fill();
  },
});
`;

const CODE: Readonly<Record<Scaffold, (name: string) => string>> = {
  plugin: PLUGIN,
  drawer: DRAWER,
  pull: PULL,
  sketch: SKETCH,
};
const TRIED: Readonly<Record<Scaffold, (name: string) => string>> = {
  plugin: (name) => `${name} "a red door" pictures/`,
  drawer: (name) => `guide "a sunflower" --drawer ${name}`,
  pull: (name) => `guide "a sunflower" --pulls ${name}:2`,
  sketch: (name) => `${name} "a red balloon"`,
};

/** A command that shows what it does. */
export const triedBy = (kind: Scaffold, name: string): string => TRIED[kind](name);

const page = (kind: Scaffold, name: string): string => `# ${titleOf(name)}

A ${kind} for Lodestone: \`index.ts\` is all of it.

    npx lodestone dev ${name}      # the studio with it; saving the file reads it again
    npx lodestone test ${name}     # whether it does what a ${kind} must${kind === 'drawer' || kind === 'pull' ? ', and four pictures' : ''}
    LODESTONE_PLUGINS=${name} npx lodestone ${TRIED[kind](name)}

\`LODESTONE_PLUGINS\` names folders, with \`:\` between several. Types are checked by \`npx -p typescript tsc -p ${name}\`.
`;

/** Files by their names. */
export const scaffold = (kind: Scaffold, name: string): Readonly<Record<string, string>> => ({
  'package.json': `${JSON.stringify(
    {
      name: `lodestone-${name}`,
      version: '0.1.0',
      description: `A ${kind} for Lodestone.`,
      type: 'module',
      exports: './index.ts',
      files: ['index.ts', 'README.md'],
      keywords: ['lodestone', `lodestone-${kind}`],
      scripts: { dev: 'lodestone dev .', test: 'lodestone test .' },
      peerDependencies: { lodestone: '>=0.1', zod: '^4' },
    },
    null,
    2,
  )}\n`,
  'tsconfig.json': `${JSON.stringify(
    {
      compilerOptions: {
        target: 'ES2023',
        module: 'NodeNext',
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        types: [],
      },
      include: ['*.ts'],
    },
    null,
    2,
  )}\n`,
  'index.ts': CODE[kind](name),
  'README.md': page(kind, name),
});
