import { conform } from '../../support/conformance.ts';
import { useEngine } from '../../support/services.ts';

await conform(useEngine(), 3, 4);
