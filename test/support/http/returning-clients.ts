import { RawSocket, statusesIn } from './raw-socket.js';

/**
 * Clients that come back over a new connection as soon as they were answered, until there is no port any more.
 *
 * @param request  asks to end its connection, or is answered by a server that does.
 * @returns what became of each connection that was opened: its statuses.
 */
export async function returningClients(baseUrl: string, count: number, request: string): Promise<number[][]> {
  const outcomes: number[][] = [];
  const comeBack = async (): Promise<void> => {
    for (;;) {
      const socket = await RawSocket.open(baseUrl).catch((error: NodeJS.ErrnoException) => error);
      if (socket instanceof Error && socket.code === 'ECONNREFUSED') return;
      outcomes.push(socket instanceof Error ? [] : statusesIn(await socket.send(request).read()));
    }
  };
  await Promise.all(Array.from({ length: count }, comeBack));
  return outcomes;
}
