/** Builds everything, stale or not. */
import { build, prepare } from './prepare.js';

prepare({ building: false });
build({ force: true });
