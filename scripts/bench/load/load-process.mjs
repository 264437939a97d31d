/** The process that sends the load: takes one order after the other from its parent, answers with what it measured. */
import { LoadGenerator } from './load-generator.mjs';

process.on('message', async ({ id, load }) => {
  try {
    process.send({ id, result: await new LoadGenerator(load).run() });
  } catch (error) {
    process.send({ id, error: error.message });
  }
});
process.on('disconnect', () => process.exit(0));
