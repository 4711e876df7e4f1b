import { assert } from "../core/assert.ts";

/** How much may pass: at most `capacityUnits` at once and `refillPerSecond` in the long run. */
export interface TokenBucket {
  readonly capacityUnits: number;
  /** May be 0: nothing passes once the bucket is empty. */
  readonly refillPerSecond: number;
}

/** The units left at `atMs` (monotonic). Below 0 they are promised to those that wait. */
export interface TokenBucketState {
  readonly units: number;
  readonly atMs: number;
}

/** A bucket nobody has taken from. */
export function fullTokenBucket(bucket: TokenBucket, nowMs: number): TokenBucketState {
  return { units: bucket.capacityUnits, atMs: nowMs };
}

/**
 * A bucket that lets no window of `windowMs` see more than `limitUnits`, wherever the window starts: what it holds
 * plus what flows in during one window is the limit. `burst` in (0, 1) is the part that may pass at once.
 */
export function tokenBucketForWindow(limitUnits: number, windowMs: number, burst: number): TokenBucket {
  assert(limitUnits >= 0 && windowMs > 0 && burst > 0 && burst < 1, "a window's budget is out of range");
  const capacityUnits = Math.max(Math.min(1, limitUnits), limitUnits * burst);
  return { capacityUnits, refillPerSecond: ((limitUnits - capacityUnits) * 1_000) / windowMs };
}

/**
 * Takes `units` (at most the capacity), ahead of time when they are not there yet. The caller either waits `waitMs`
 * and keeps `next`, or drops both and has taken nothing. `waitMs` is Infinity when they will never be there.
 */
export function reserveUnits(
  bucket: TokenBucket,
  state: TokenBucketState,
  units: number,
  nowMs: number,
): { readonly waitMs: number; readonly next: TokenBucketState } {
  const waitMs = units > bucket.capacityUnits ? Infinity : waitForUnitsMs(bucket, state, units, nowMs);
  const next = { units: unitsAt(bucket, state, nowMs) - units, atMs: Math.max(nowMs, state.atMs) };
  return { waitMs, next };
}

/** The units at `nowMs`: refilled since `state.atMs`, never above the capacity. */
export function unitsAt(bucket: TokenBucket, state: TokenBucketState, nowMs: number): number {
  const elapsedMs = Math.max(0, nowMs - state.atMs);
  return Math.min(bucket.capacityUnits, state.units + (elapsedMs * bucket.refillPerSecond) / 1_000);
}

/** How long until `units` have flowed in, for takers one after the other: they may be more than the capacity. */
export function waitForUnitsMs(
  bucket: TokenBucket,
  state: TokenBucketState,
  units: number,
  nowMs: number,
): number {
  const missingUnits = units - unitsAt(bucket, state, nowMs);
  if (missingUnits <= 0) return 0;
  return bucket.refillPerSecond === 0 ? Infinity : (missingUnits * 1_000) / bucket.refillPerSecond;
}
