import { isSignedBy } from './mlflow-signature.js';

/** Signed by `_generate_hmac_signature` of mlflow/webhooks/delivery.py, MLflow 3.17. */
const message = {
  id: 'd-1',
  timestamp: '1790000000',
  signature: 'v1,EbU0wNFb93JPDnlHq58pLDaynkXz71hJxYc1NuL09SE=',
  body: Buffer.from('{"entity":"model_version_alias","action":"created","data":{"alias":"champion","name":"é"}}'),
};
const NOW_MS = 1_790_000_000_000;
const SECRET = 's3cret-s3cret-s3cret';

describe('a delivery of MLflow', () => {
  it('is taken when it is signed as MLflow signs', () => {
    expect(isSignedBy(SECRET, message, NOW_MS)).toBe(true);
    expect(isSignedBy(SECRET, { ...message, signature: `v1,AAAA ${message.signature}` }, NOW_MS)).toBe(true);
  });

  it.each<[string, Partial<typeof message>]>([
    ['another body', { body: Buffer.from('{}') }],
    ['another id', { id: 'd-2' }],
    ['another time', { timestamp: '1790000001' }],
    ['a time that is none', { timestamp: 'soon' }],
    ['another version', { signature: message.signature.replace('v1', 'v2') }],
    ['a part of the signature', { signature: message.signature.slice(0, 20) }],
    ['nothing', { signature: '' }],
    ['no signature', { signature: undefined }],
  ])('is refused with %s', (_what, change) => {
    expect(isSignedBy(SECRET, { ...message, ...change }, NOW_MS)).toBe(false);
  });

  it('is refused with another secret, and when it is old or from tomorrow', () => {
    expect(isSignedBy('another', message, NOW_MS)).toBe(false);
    expect(isSignedBy(SECRET, message, NOW_MS + 301_000)).toBe(false);
    expect(isSignedBy(SECRET, message, NOW_MS - 301_000)).toBe(false);
    expect(isSignedBy(SECRET, message, NOW_MS + 299_000)).toBe(true);
  });
});
