import proxyaddr from 'proxy-addr';

import type { TrustedProxies } from '../../config/app-config.js';

/** Whether an address is a trusted proxy's. @param hop  0 for the peer of the connection, 1 for the one before it, … */
export type IsTrusted = (address: string, hop: number) => boolean;

/** The last one asked for: a server has one configuration. */
let last: { readonly proxies: TrustedProxies; readonly isTrusted: IsTrusted } | undefined;

/** What a server believes, as a function. */
export function trustOf(proxies: TrustedProxies): IsTrusted {
  if (last?.proxies !== proxies) last = { proxies, isTrusted: compile(proxies) };
  return last.isTrusted;
}

function compile(proxies: TrustedProxies): IsTrusted {
  if (typeof proxies === 'boolean') return () => proxies;
  if (typeof proxies === 'number') return (_address, hop) => hop < proxies;
  return proxyaddr.compile([...proxies]);
}
