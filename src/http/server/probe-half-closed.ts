/** When a client that has ended its side is asked again whether it is there, milliseconds; then at the last of them. */
const PAUSES_MS = [50, 500, 5_000];

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

/**
 * A client that ends its side may wait for its answer (`shutdown(WR)`), or be gone: the network tells no difference until
 * something is sent. So it is sent what every client of HTTP/1.1 reads over (RFC 9110, 15.2): whoever is gone resets the
 * connection, and the next write fails.
 *
 * @param write  writes to the connection, if it still can.
 * @param isWaiting  whether the answer is still to come.
 */
export function probeHalfClosed(write: (text: string) => void, isWaiting: () => boolean): void {
  let count = 0;
  const probe = (): void => {
    if (!isWaiting()) return;
    write(CONTINUE);
    setTimeout(probe, PAUSES_MS[Math.min(count++, PAUSES_MS.length - 1)]).unref();
  };
  probe();
}
