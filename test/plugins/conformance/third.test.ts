import { conform, conforms } from '../../support/conformance.ts';
import { useEngine } from '../../support/services.ts';
import { strangeModel } from '../../support/with-models.ts';

await conform(conforms, useEngine({ model: strangeModel() }), 2, 4);
