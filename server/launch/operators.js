/** Writes the table of supported operators: `npm run operators`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare, root } from './prepare.js';

prepare();
const { supportTable } = await import(pathToFileURL(join(root, 'dist', 'core', 'autodiff', 'support-table.js')).href);
writeFileSync(join(root, 'core', 'graph', 'OPERATORS.md'), supportTable());
