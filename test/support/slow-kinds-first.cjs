const Sequencer = require('@jest/test-sequencer').default;

/** Kinds of tests by what a file of them takes, the slowest first. */
const KINDS = ['e2e', 'integration', 'house', 'unit'];

/**
 * Begins with the slow kinds, so that no worker is left with a file of many seconds when the others are done. Jest alone
 * goes by the size of a file when it has not seen it before, which says nothing about a server that the file starts.
 */
class SlowKindsFirst extends Sequencer {
  sort(tests) {
    const kindOf = ({ context }) => KINDS.indexOf(context.config.displayName?.name);
    return super.sort(tests).sort((a, b) => kindOf(a) - kindOf(b));
  }
}

module.exports = SlowKindsFirst;
