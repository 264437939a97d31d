/** Any JSON answer; a test says by its expectations what it must be. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Json = any;

/** Fetches an address and reads the answer as JSON, whatever its status. */
export async function getJson(url: string, init?: RequestInit): Promise<Json> {
  return (await fetch(url, init)).json();
}
