#!/usr/bin/env node
/** The first file that runs: plain JavaScript, so that a fresh clone can install and build itself. */
import { prepare } from './prepare.js';

prepare();
const { main } = await import('../../dist/server/cli/main.js');
await main(process.argv.slice(2));
