/** Pictures that a plugin has opened, changed and written, and sketches that it has drawn: by the darkroom, since the plugin's own process may not. */
import { darkroom } from '../image/darkroom.ts';
import { imageJobSchema, pathsOf } from '../image/job.ts';
import { sketchJobSchema } from '../image/sketch-job.ts';
import type { Handlers } from '../process/rpc.ts';

export const imageHandlers = (checked: (paths: readonly string[]) => Promise<void>): Handlers => ({
  image: async (args) => {
    const job = imageJobSchema.parse(args);
    await checked(pathsOf(job));
    return darkroom().image(job);
  },
  sketch: async (args) => darkroom().sketch(sketchJobSchema.parse(args)),
});
