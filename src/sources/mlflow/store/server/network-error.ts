/** Words for the codes of Node's network errors that an operator meets. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens at this address (ECONNREFUSED).',
  ENOTFOUND: 'its host name is not known (ENOTFOUND).',
  EAI_AGAIN: 'its host name cannot be looked up now (EAI_AGAIN).',
  ECONNRESET: 'the connection was cut (ECONNRESET).',
  UND_ERR_SOCKET: 'the connection was cut.',
  ETIMEDOUT: 'the connection timed out (ETIMEDOUT).',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed. Set NODE_EXTRA_CA_CERTS to a file that contains it.',
  SELF_SIGNED_CERT_IN_CHAIN:
    'its certificate is not trusted. Set NODE_EXTRA_CA_CERTS to the file of its certificate authority.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate is not trusted. Set NODE_EXTRA_CA_CERTS to the file of its certificate authority.',
  CERT_HAS_EXPIRED: 'its certificate has expired.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host.',
};

/** The reason in the words of `StoreUnavailableError`, which finish "MLflow at … cannot be read:". */
export function messageOfNetworkError(error: unknown): string {
  const code = codeOf(error);
  return (code && WORDS[code]) ?? `the connection failed${code ? ` (${code})` : ''}.`;
}

const MAX_DEPTH = 4;

/** fetch wraps the socket's error; several addresses tried wrap it once more. */
function codeOf(error: unknown): string | undefined {
  let at = error as { code?: unknown; cause?: unknown; errors?: unknown[] } | undefined;
  for (let depth = 0; at && depth < MAX_DEPTH; depth++) {
    if (typeof at.code === 'string') return at.code;
    at = (at.cause ?? at.errors?.[0]) as typeof at;
  }
  return undefined;
}
