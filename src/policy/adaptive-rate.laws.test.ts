import * as fc from "fast-check";
import { expect, test } from "vitest";
import { decreaseRate, fullRate, shareAt, vaultAdaptiveRate, type AdaptiveRate } from "./adaptive-rate.ts";

const anyRate: fc.Arbitrary<AdaptiveRate> = fc.record({
  decreaseFactor: fc.integer({ min: 10, max: 90 }).map((percent) => percent / 100),
  increasePerSecond: fc.integer({ min: 1, max: 100 }).map((parts) => parts / 1_000),
  floor: fc.integer({ min: 1, max: 50 }).map((percent) => percent / 100),
});
const someGaps = fc.array(fc.integer({ min: 0, max: 60_000 }), { maxLength: 50 });

test("the share stays in [floor, 1], falls at each 429 and never falls otherwise", () => {
  fc.assert(
    fc.property(anyRate, someGaps, (rate, gapsMs) => {
      let nowMs = 0;
      let state = fullRate(nowMs);
      for (const gapMs of gapsMs) {
        const before = shareAt(rate, state, nowMs);
        nowMs += gapMs;
        const grown = shareAt(rate, state, nowMs);
        expect(grown).toBeGreaterThanOrEqual(before);
        expect(grown).toBeLessThanOrEqual(1);
        state = decreaseRate(rate, state, nowMs);
        expect(shareAt(rate, state, nowMs)).toBe(Math.max(rate.floor, grown * rate.decreaseFactor));
      }
    }),
  );
});

test("without further 429s the full rate comes back", () => {
  fc.assert(
    fc.property(anyRate, fc.integer({ min: 1, max: 40 }), (rate, times) => {
      let state = fullRate(0);
      for (let time = 0; time < times; time++) state = decreaseRate(rate, state, 0);
      expect(shareAt(rate, state, 1_000 / rate.increasePerSecond)).toBeCloseTo(1, 9);
    }),
  );
});

test("after one 429 a vault's client sends half and takes 200 s back to all of it", () => {
  const state = decreaseRate(vaultAdaptiveRate, fullRate(0), 0);
  expect(shareAt(vaultAdaptiveRate, state, 0)).toBe(0.5);
  expect(shareAt(vaultAdaptiveRate, state, 100_000)).toBe(0.75);
  expect(shareAt(vaultAdaptiveRate, state, 200_000)).toBe(1);
});
