// Services under test log as in a server. Nobody reads that here: what matters of a log is asserted by the tests that
// hand the application a logger of their own, which takes this one's place.
const { Logger } = require('@nestjs/common');

Logger.overrideLogger(false);
