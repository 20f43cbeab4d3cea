/** Run by the test runner before every test file. */
import { afterAll } from 'vitest';
import { endAll } from './ending.ts';

afterAll(endAll);
