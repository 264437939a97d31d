import { describeHttpTransport } from '../../contracts/http-transport.contract.js';

describeHttpTransport('the fast path', { FAST_PATH: 'true' });
describeHttpTransport('the general path', { FAST_PATH: 'false' });
