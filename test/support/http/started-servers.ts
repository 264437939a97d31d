import { ServerProcess } from './server-process.js';

/**
 * Starts servers for the tests of a file, each of which ends those that it has started.
 *
 * @param environment  variables of every server, asked for at each start.
 * @returns starts one, with further variables, and with a command that becomes the server if one is given.
 */
export function useServers(environment: () => Record<string, string>) {
  const started: ServerProcess[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((server) => server.remove()));
  });
  return (more: Record<string, string> = {}, command: readonly string[] = []): ServerProcess => {
    const server = ServerProcess.start({ ...environment(), ...more }, undefined, command);
    started.push(server);
    return server;
  };
}
