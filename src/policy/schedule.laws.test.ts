import * as fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../core/random.ts";
import { nextDueAtMs, nextPollAtMs, retryDelayMs, type RetryClass } from "./schedule.ts";
import { hashedPhaseMs } from "./spread.ts";

const someNowMs = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2100, 0, 1) });
const someIntervalMs = fc.integer({ min: 1, max: 86_400 }).map((seconds) => seconds * 1_000);
const somePhase = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test("the next poll is the first grid time after now", () => {
  fc.assert(
    fc.property(someNowMs, someIntervalMs, somePhase, (nowMs, intervalMs, phase) => {
      const phaseMs = Math.floor(phase * intervalMs);
      const pollAtMs = nextPollAtMs({ nowMs, intervalMs, phaseMs });
      expect(pollAtMs).toBeGreaterThan(nowMs);
      expect(pollAtMs - intervalMs).toBeLessThanOrEqual(nowMs);
      expect((pollAtMs - phaseMs) % intervalMs).toBe(0);
    }),
  );
});

test("a restart at any moment moves no poll", () => {
  fc.assert(
    fc.property(someNowMs, someIntervalMs, somePhase, somePhase, (nowMs, intervalMs, phase, progress) => {
      const phaseMs = Math.floor(phase * intervalMs);
      const pollAtMs = nextPollAtMs({ nowMs, intervalMs, phaseMs });
      const restartAtMs = nowMs + Math.floor(progress * (pollAtMs - nowMs));
      expect(nextPollAtMs({ nowMs: restartAtMs, intervalMs, phaseMs })).toBe(pollAtMs);
    }),
  );
});

test("a clock that reads fractions of a millisecond skips no grid time and repeats none", () => {
  fc.assert(
    fc.property(someNowMs, somePhase, someIntervalMs, somePhase, (nowMs, fraction, intervalMs, phase) => {
      const phaseMs = Math.floor(phase * intervalMs);
      const pollAtMs = nextPollAtMs({ nowMs, intervalMs, phaseMs });
      expect(nextPollAtMs({ nowMs: nowMs + fraction, intervalMs, phaseMs })).toBe(pollAtMs);
      const firstMs = phaseMs + intervalMs;
      const justBeforeMs = firstMs * (1 - Number.EPSILON / 2);
      expect(nextPollAtMs({ nowMs: justBeforeMs, intervalMs, phaseMs })).toBe(firstMs);
      expect(nextPollAtMs({ nowMs: pollAtMs, intervalMs, phaseMs })).toBe(pollAtMs + intervalMs);
    }),
  );
});

test("the age of an object that is read when due never exceeds interval plus jitter", () => {
  fc.assert(
    fc.property(
      someNowMs,
      someIntervalMs,
      fc.integer({ min: 0, max: 7_200 }),
      fc.integer(),
      (startMs, intervalMs, jitterSeconds, seed) => {
        const random = seededRandom(seed);
        const phaseMs = hashedPhaseMs("cluster", "shop", `object-${seed}`, intervalMs);
        let lastAttemptAtMs = startMs;
        for (let poll = 0; poll < 20; poll++) {
          const dueAtMs = nextDueAtMs(
            { nowMs: lastAttemptAtMs, lastAttemptAtMs, intervalMs, phaseMs, jitterSeconds },
            random,
          );
          expect(dueAtMs).toBeGreaterThan(lastAttemptAtMs);
          expect(dueAtMs - lastAttemptAtMs).toBeLessThanOrEqual(intervalMs + jitterSeconds * 1_000);
          lastAttemptAtMs = dueAtMs;
        }
      },
    ),
  );
});

test("an object that was never tried is due after its jitter alone", () => {
  const object = { nowMs: 5_000, intervalMs: 3_600_000, phaseMs: 1, jitterSeconds: 0 };
  expect(nextDueAtMs(object, seededRandom(1))).toBe(5_000);
});

test.each<[RetryClass, number, number]>([
  ["user", 61_000, 601_000],
  ["throttle", 2_000, 17_000],
  ["network", 2_000, 31_000],
  ["bug", 61_000, 901_000],
])("a %s error waits 1 s to %i ms at first and at most %i ms ever", (retryClass, firstMs, longestMs) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer(), (attempt, seed) => {
      const delayMs = retryDelayMs(retryClass, attempt, seededRandom(seed));
      expect(delayMs).toBeGreaterThanOrEqual(1_000);
      expect(delayMs).toBeLessThanOrEqual(attempt === 1 ? firstMs : longestMs);
    }),
  );
});

test("a retry never comes before the time the server asked for", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.nat(3_600_000),
      fc.integer(),
      (attempt, afterMs, seed) => {
        expect(retryDelayMs("throttle", attempt, seededRandom(seed), afterMs)).toBeGreaterThanOrEqual(
          afterMs,
        );
      },
    ),
  );
});
