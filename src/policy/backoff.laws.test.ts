import * as fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../core/random.ts";
import {
  decorrelatedBackoff,
  exponentialBackoff,
  honourRetryAfter,
  vaultBackoff,
  type BackoffOptions,
  type BackoffStep,
} from "./backoff.ts";

const anyOptions: fc.Arbitrary<BackoffOptions> = fc
  .tuple(
    fc.integer({ min: 0, max: 5_000 }),
    fc.integer({ min: 1, max: 10_000 }),
    fc.integer({ min: 10, max: 40 }),
    fc.integer({ min: 1, max: 100 }),
  )
  .map(([floorMs, baseMs, tenths, times]) => ({
    floorMs,
    baseMs,
    factor: tenths / 10,
    capMs: baseMs * times,
  }));

test.each<[string, (options: BackoffOptions) => BackoffStep<number>]>([
  ["exponential", exponentialBackoff],
  ["decorrelated", decorrelatedBackoff],
])("%s waits stay between the floor and floor plus cap, however long the loop runs", (_name, build) => {
  fc.assert(
    fc.property(anyOptions, fc.integer(), (options, seed) => {
      const step = build(options);
      const random = seededRandom(seed);
      let state = 0;
      for (let wait = 0; wait < 50; wait++) {
        const [delayMs, next] = step(state, random);
        state = next;
        expect(delayMs).toBeGreaterThanOrEqual(options.floorMs);
        expect(delayMs).toBeLessThanOrEqual(options.floorMs + options.capMs);
      }
    }),
  );
});

test("a wait depends on state and seed alone", () => {
  fc.assert(
    fc.property(anyOptions, fc.integer(), fc.nat(60), (options, seed, state) => {
      const step = exponentialBackoff(options);
      expect(step(state, seededRandom(seed))).toEqual(step(state, seededRandom(seed)));
    }),
  );
});

test("what the server asked for is never undercut, whatever it asked", () => {
  fc.assert(
    fc.property(anyOptions, fc.integer(), fc.nat(3_600_000), (options, seed, retryAfterMs) => {
      const [delayMs] = honourRetryAfter(exponentialBackoff(options), retryAfterMs)(0, seededRandom(seed));
      expect(delayMs).toBeGreaterThanOrEqual(retryAfterMs);
      expect(delayMs).toBeGreaterThanOrEqual(options.floorMs);
    }),
  );
});

test("the vault's ladder widens 1, 2, 4, 8, 16 s and then stays", () => {
  const widest = { next: () => 1, fork: () => widest };
  const step = exponentialBackoff(vaultBackoff);
  const widths = [0, 1, 2, 3, 4, 5, 50].map((waits) => step(waits, widest)[0] - vaultBackoff.floorMs);
  expect(widths).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 16_000, 16_000]);
});

test("a thousand clients that fail together spread over the whole first width", () => {
  const random = seededRandom(7);
  const step = exponentialBackoff(vaultBackoff);
  const tenths = Array.from({ length: 10 }, () => 0);
  for (let client = 0; client < 1_000; client++) {
    const tenth = Math.floor((step(0, random)[0] - vaultBackoff.floorMs) / 100);
    tenths[tenth]!++;
  }
  expect(Math.min(...tenths)).toBeGreaterThan(60);
  expect(Math.max(...tenths)).toBeLessThan(150);
});
