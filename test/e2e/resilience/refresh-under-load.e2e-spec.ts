import { expectUndisturbed, promoteUnderLoad } from '../../support/http/promotions-under-load.js';

/** Enough for every run to be published, to serve, to be kept a while and to be removed; test/soak has many more. */
const PROMOTIONS = 12;

describe('promotions under steady load', () => {
  it('lose no request, answer with runs that served at that moment, and leave no model behind', async () => {
    expectUndisturbed(await promoteUnderLoad(PROMOTIONS), PROMOTIONS);
  });
});
