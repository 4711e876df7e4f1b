import { assert } from "../core/assert.ts";
import type { Random } from "../core/random.ts";
import { exponentialBackoff, honourRetryAfter, vaultBackoff, type BackoffOptions } from "./backoff.ts";
import { jitterDelayMs } from "./spread.ts";

/**
 * Who has to act before a failed attempt can succeed: a person (`user`), nobody but time (`throttle`, `network`),
 * or us (`bug`). It decides how long to wait before the next attempt.
 */
export type RetryClass = "user" | "throttle" | "network" | "bug";

/** A polled object's own grid: every `intervalMs`, offset by `phaseMs` from the epoch, in wall time. Whole numbers. */
export interface PollGrid {
  readonly intervalMs: number;
  readonly phaseMs: number;
}

/** The smallest time after `nowMs` on the object's grid. */
export function nextPollAtMs({ nowMs, intervalMs, phaseMs }: PollGrid & { readonly nowMs: number }): number {
  assert(intervalMs > 0, "a poll interval is longer than nothing");
  const steps = Math.floor((nowMs - phaseMs) / intervalMs) + 1;
  return phaseMs + steps * intervalMs;
}

/**
 * When to read an object next: its first grid time after the last attempt, plus a fresh jitter. It may lie in the
 * past (after downtime: read now). At most `intervalMs` + jitter after the last attempt, so a value that is read
 * without failure is never older than that. An object never tried is due after its jitter alone.
 */
export function nextDueAtMs(
  object: PollGrid & {
    readonly nowMs: number;
    readonly lastAttemptAtMs?: number;
    readonly jitterSeconds: number;
  },
  random: Random,
): number {
  const { nowMs, lastAttemptAtMs, jitterSeconds } = object;
  const dueAtMs = lastAttemptAtMs === undefined ? nowMs : nextPollAtMs({ ...object, nowMs: lastAttemptAtMs });
  return dueAtMs + jitterDelayMs(jitterSeconds, random);
}

const floorMs = 1_000;

const backoffByClass: Readonly<Record<RetryClass, BackoffOptions>> = {
  user: { floorMs, baseMs: 60_000, factor: 2, capMs: 600_000 },
  throttle: { ...vaultBackoff, floorMs },
  network: { floorMs, baseMs: 1_000, factor: 2, capMs: 30_000 },
  bug: { floorMs, baseMs: 60_000, factor: 2, capMs: 900_000 },
};

/**
 * How long to wait after the `attempt`-th failure in a row (from 1): at least 1 s and never before `retryAfterMs`,
 * with full jitter up to minutes for `user` and `bug`, up to 16 s for `throttle`, up to 30 s for `network`.
 */
export function retryDelayMs(
  retryClass: RetryClass,
  attempt: number,
  random: Random,
  retryAfterMs?: number,
): number {
  const step = honourRetryAfter(exponentialBackoff(backoffByClass[retryClass]), retryAfterMs);
  return step(attempt - 1, random)[0];
}
