import { expectUndisturbed, promoteUnderLoad } from '../support/http/promotions-under-load.js';

/** In CI as many as show a leak of 1 MB per promotion. */
const PROMOTIONS = process.env['SOAK'] === 'ci' ? 90 : 200;
/** What the promotions after the 60th may leave in the heap, the records of the requests included. */
const MOST_GROWTH_BYTES = 20 * 1024 * 1024;

describe(`${PROMOTIONS} promotions under steady load`, () => {
  it('lose no request, answer with runs that served at that moment, and leave nothing behind', async () => {
    const report = await promoteUnderLoad(PROMOTIONS);

    expectUndisturbed(report, PROMOTIONS);
    expect(report.grownBytes).toBeLessThan(MOST_GROWTH_BYTES);
  });
});
