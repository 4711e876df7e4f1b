/** How a sender gives way to a server that throttles, and comes back. */
export interface AdaptiveRate {
  /** A 429 multiplies the share by this, in (0, 1). */
  readonly decreaseFactor: number;
  /** The share grows by this every second, up to 1. */
  readonly increasePerSecond: number;
  /** The share never falls below this, so that a probe always passes. */
  readonly floor: number;
}

/** The share of the full rate in [floor, 1] that was right at `atMs` (monotonic). */
export interface AdaptiveRateState {
  readonly share: number;
  readonly atMs: number;
}

/** Halves at each 429 and takes a good three minutes from there back to the full rate. */
export const vaultAdaptiveRate: AdaptiveRate = {
  decreaseFactor: 0.5,
  increasePerSecond: 1 / 400,
  floor: 1 / 32,
};

/** The full rate. */
export function fullRate(nowMs: number): AdaptiveRateState {
  return { share: 1, atMs: nowMs };
}

/** The share to send at now: additive increase since the last decrease. */
export function shareAt(rate: AdaptiveRate, state: AdaptiveRateState, nowMs: number): number {
  const elapsedMs = Math.max(0, nowMs - state.atMs);
  return Math.min(1, state.share + (elapsedMs * rate.increasePerSecond) / 1_000);
}

/** After a 429: multiplicative decrease. Call it once per closing of the gate, not once per answer of one storm. */
export function decreaseRate(rate: AdaptiveRate, state: AdaptiveRateState, nowMs: number): AdaptiveRateState {
  const share = Math.max(rate.floor, shareAt(rate, state, nowMs) * rate.decreaseFactor);
  return { share, atMs: Math.max(nowMs, state.atMs) };
}
