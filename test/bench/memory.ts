/** A process that takes gradients of a model, and says how many KB of memory it came to hold: `memory.ts FOLDER BATCH DIMENSION`. */
import { readFile } from 'node:fs/promises';
import { ClipModel } from '../../core/clip/model.ts';

const [folder = '', batch = '1', dimension = '1'] = process.argv.slice(2);
const [count, size] = [Number(batch), Number(dimension)];
const model = await ClipModel.open(folder);
const side = await model.side();
const pixels = new Float32Array(count * 3 * side * side).fill(0.5);
const against = { count: 1, dimension: size, data: new Float32Array(size).fill(1 / Math.sqrt(size)) };
for (let i = 0; i < 3; i++) await model.pixelGradient(pixels, count, against, new Float32Array(count).fill(1));
// What `getrusage` counts includes the parent's memory at the fork; what the kernel says of the process itself does not.
const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
process.stdout.write(`${/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? process.resourceUsage().maxRSS}\n`);
