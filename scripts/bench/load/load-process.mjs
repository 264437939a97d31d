/** The process that sends the load: takes one order after the other from its parent, answers with what it measured. */
import { LoadGenerator } from './load-generator.mjs';

let current;

process.on('message', async (message) => {
  if (message === 'end') return current?.end();
  const { id, load } = message;
  try {
    current = new LoadGenerator(load);
    process.send({ id, result: await current.run() });
  } catch (error) {
    process.send({ id, error: error.message });
  }
});
process.on('disconnect', () => process.exit(0));
