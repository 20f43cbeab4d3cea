/** The process that opens pictures. Started by darkroom.ts, never by hand. */
import { parentPort } from '../process/child.ts';
import { Peer } from '../process/rpc.ts';
import { imageJobSchema } from './job.ts';
import { sketchJobSchema } from './sketch-job.ts';
import { develop, sketched } from './work.ts';

new Peer(parentPort(), {
  image: (args) => develop(imageJobSchema.parse(args)),
  sketch: (args) => sketched(sketchJobSchema.parse(args)),
});
