import { describe, expect, test } from "vitest";
import { poolRisk } from "./window-risk.ts";

const fixed = { bursts: 700, threshold: 133, windowSeconds: 10, isSliding: false };
const second = { bursts: 700, threshold: 13, windowSeconds: 1, isSliding: false };

describe("700 clusters with 30 secrets", () => {
  test("in fixed windows 75 s is the first whole second with at most 1 in 10,000 throttled refreshes", () => {
    expect(Math.exp(poolRisk(fixed, 74).upper)).toBeCloseTo(1.637e-4, 7);
    expect(Math.exp(poolRisk(fixed, 75).upper)).toBeCloseTo(8.571e-5, 8);
  });

  test("counted per second, the guide's 190 s throttles in 0.57 % of refreshes", () => {
    const { lower, upper } = poolRisk(second, 190);
    expect(Math.exp(upper)).toBeCloseTo(0.0057, 5);
    expect(Math.exp(lower)).toBeCloseTo(0.005684, 5);
  });

  test("counted in fixed windows, the guide's 190 s throttles once in 10^36", () => {
    expect(poolRisk(fixed, 190).upper / Math.LN10).toBeCloseTo(-36.224, 3);
  });
});

test("10,000 clusters with 50 secrets at 7,600 s throttle in 7.5 % of refreshes if each second counts", () => {
  const { lower, upper } = poolRisk(
    { bursts: 10_000, threshold: 8, windowSeconds: 1, isSliding: false },
    7600,
  );
  expect(Math.exp(lower)).toBeCloseTo(0.0733, 4);
  expect(Math.exp(upper)).toBeCloseTo(0.0761, 4);
});

test("a fleet that fits into one window is never throttled, also without jitter", () => {
  expect(poolRisk({ ...fixed, bursts: 133 }, 0).upper).toBe(-Infinity);
  expect(poolRisk({ ...fixed, bursts: 134 }, 0).upper).toBe(0);
});

test("a jitter within one window spreads nothing", () => {
  expect(poolRisk(fixed, 10).lower).toBe(0);
});

test("a burst that is larger than the limit is throttled for certain", () => {
  expect(poolRisk({ ...fixed, threshold: 0 }, 1e9).upper).toBe(0);
});
