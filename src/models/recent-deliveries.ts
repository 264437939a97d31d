/** A signature is good for five minutes before and after its time (mlflow-signature.ts), so for ten at most. */
const REMEMBERED_MS = 600_000;
/** Ids that are remembered; the oldest go first. Only who knows the secret can make them. */
const MAX_IDS = 10_000;

/** Ids of webhooks that were delivered for as long as their signatures are good. */
export class RecentDeliveries {
  /** When each is forgotten, milliseconds since 1970, the oldest first. */
  private readonly forgetAt = new Map<string, number>();

  /** Whether a delivery arrives for the first time; it is remembered from then on. */
  isNew(id: string, nowMs: number): boolean {
    for (const [old, atMs] of this.forgetAt) {
      if (atMs > nowMs && this.forgetAt.size < MAX_IDS) break;
      this.forgetAt.delete(old);
    }
    if (this.forgetAt.has(id)) return false;
    this.forgetAt.set(id, nowMs + REMEMBERED_MS);
    return true;
  }
}
