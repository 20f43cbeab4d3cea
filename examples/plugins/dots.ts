/** Pointillism: dots of paint in colours of their own, side by side. The smallest drawer there is: a few parameters, and where they leave paint. */

import { defineDrawer, filled, finishOf, named, pixelPlaces, shapeParameters, softness } from 'lodestone/plugin';
import { z } from 'zod';

export default defineDrawer({
  id: 'dots',
  title: 'Dots',
  description: 'dots of paint',
  settings: z.object({
    dots: z.int().min(1).max(512).default(200).meta({ title: 'Dots', description: 'How many dots there are' }),
    radius: z
      .number()
      .min(0.005)
      .max(0.1)
      .default(0.03)
      .meta({ title: 'Radius', description: 'Of a dot, as a share of the canvas' }),
  }),
  shared: { count: 'dots' },
  canvas: 48,
  paper: [0.97, 0.96, 0.92],
  begin({ dots, radius }, random, plane) {
    return {
      layers: dots,
      // What may be put anew where paint is needed: each dot has a place, a presence and a colour.
      rows: { count: dots, places: 'centre', presence: 'opacity', ink: 'ink' },
      parameters: shapeParameters(dots, random, plane),
      draw(values, context) {
        const { x, y } = pixelPlaces(context);
        const centre = named(values, 'centre');
        const [cx, cy] = [centre.slice(1, 0, 1), centre.slice(1, 1, 2)];
        // A root has no slope at nothing: a little is added.
        const away = x.sub(cx).square().add(y.sub(cy).square()).add(1e-6).sqrt();
        // How far inside the dot each pixel lies, in edges.
        return filled(away.neg().add(radius).div(softness(context)), values, context);
      },
      shapes: ({ centre, ...values }, progress) =>
        Array.from({ length: dots }, (_, i) => {
          const [x = 0, y = 0] = [centre?.[2 * i], centre?.[2 * i + 1]];
          const path = `M${x - radius} ${y}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0Z`;
          return { path, ...finishOf(values, i, progress) };
        }).reverse(),
    };
  },
});
