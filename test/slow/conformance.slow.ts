import { conform, enduresMuch } from '../support/conformance.ts';
import { useEngine } from '../support/services.ts';

await conform(enduresMuch, useEngine());
