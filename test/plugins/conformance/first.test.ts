import { conform, conforms } from '../../support/conformance.ts';
import { useEngine } from '../../support/services.ts';

await conform(conforms, useEngine(), 0, 4);
