import { assert } from "../core/assert.ts";
import type { Random } from "../core/random.ts";

/** One wait of a retry loop: from the loop's state to how long to wait and the state after it. */
export type BackoffStep<S> = (state: S, random: Random) => readonly [delayMs: number, next: S];

export interface BackoffOptions {
  /** No wait is shorter. */
  readonly floorMs: number;
  /** Width of the first wait's jitter. */
  readonly baseMs: number;
  /** The width grows by this with every step, at least 1. */
  readonly factor: number;
  /** The width never exceeds this. */
  readonly capMs: number;
}

/** What Key Vault's guidance asks of its clients: 1, 2, 4, 8, 16 s, then 16 s (overview-throttling 2026-07). */
export const vaultBackoff: BackoffOptions = { floorMs: 500, baseMs: 1_000, factor: 2, capMs: 16_000 };

/**
 * Exponential back-off with full jitter: each wait is uniform in [floor, floor + width], the width growing from
 * `baseMs` to `capMs`. The jitter is never narrower than `baseMs`, so clients that failed together come back apart.
 * The state is the number of waits so far, 0 at first.
 */
export function exponentialBackoff(options: BackoffOptions): BackoffStep<number> {
  checkOptions(options);
  return (waits, random) => [options.floorMs + random.next() * backoffWidthMs(options, waits), waits + 1];
}

/**
 * Decorrelated back-off: each wait is uniform in [floor, max(base, factor × the last wait)], at most the cap. It
 * spreads many clients of one server faster than {@link exponentialBackoff}. The state is the last wait, 0 at first.
 */
export function decorrelatedBackoff(options: BackoffOptions): BackoffStep<number> {
  checkOptions(options);
  return (lastMs, random) => {
    const topMs = Math.min(options.capMs, Math.max(options.baseMs, lastMs * options.factor));
    const delayMs = options.floorMs + random.next() * Math.max(0, topMs - options.floorMs);
    return [delayMs, delayMs];
  };
}

/**
 * Puts what the server asked for before the step's own choice: never earlier than `retryAfterMs`, and still spread
 * by the step's jitter, because every client was told the same time. Without `retryAfterMs` it is the step itself.
 */
export function honourRetryAfter<S>(step: BackoffStep<S>, retryAfterMs: number | undefined): BackoffStep<S> {
  if (retryAfterMs === undefined) return step;
  return (state, random) => {
    const [delayMs, next] = step(state, random);
    return [Math.max(0, retryAfterMs) + delayMs, next];
  };
}

/** The jitter's width before the wait number `waits` (from 0). */
function backoffWidthMs(options: BackoffOptions, waits: number): number {
  return Math.min(options.capMs, options.baseMs * options.factor ** Math.max(0, waits));
}

function checkOptions({ floorMs, baseMs, factor, capMs }: BackoffOptions): void {
  assert(floorMs >= 0 && baseMs > 0 && factor >= 1 && capMs >= baseMs, "back-off options are out of order");
}
