import { createHmac, timingSafeEqual } from 'node:crypto';

/** A delivery of MLflow's webhooks as it arrived. */
interface WebhookMessage {
  /** `X-MLflow-Delivery-Id`. */
  readonly id: string | undefined;
  /** `X-MLflow-Timestamp`: seconds since 1970. */
  readonly timestamp: string | undefined;
  /** `X-MLflow-Signature`: `v1,` and base64; several are separated by spaces. */
  readonly signature: string | undefined;
  /** The body, byte for byte. */
  readonly body: Buffer;
}

/** How far the clocks of MLflow and this server may be apart, seconds. Older deliveries are refused as replays. */
const TOLERANCE_S = 300;

/**
 * Whether a delivery comes from who knows the secret, and from just now: HMAC-SHA256 over `{id}.{timestamp}.{body}`, as
 * MLflow 3 signs (mlflow/webhooks/delivery.py, after the Standard Webhooks).
 *
 * @param nowMs  milliseconds since 1970.
 */
export function isSignedBy(secret: string, message: WebhookMessage, nowMs: number): boolean {
  const { id, timestamp, signature, body } = message;
  if (id === undefined || timestamp === undefined || signature === undefined) return false;
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(nowMs / 1000 - Number(timestamp)) > TOLERANCE_S) return false;
  const expected = createHmac('sha256', secret).update(`${id}.${timestamp}.`).update(body).digest();
  return signature.split(' ').some((each) => {
    const given = Buffer.from(each.replace(/^v1,/, ''), 'base64');
    return each.startsWith('v1,') && given.length === expected.length && timingSafeEqual(given, expected);
  });
}
