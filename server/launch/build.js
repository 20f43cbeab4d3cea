/** Builds everything, stale or not. */
import { build, prepare } from './prepare.js';

prepare();
build({ force: true });
