import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../core/random.ts";
import { completeInputs, type PlanInputs } from "./inputs.ts";
import { MonteCarlo } from "./monte-carlo.ts";
import { refreshRisk } from "./refresh-risk.ts";
import { countings, poolRisk, type Counting, type Pool } from "./window-risk.ts";

const pools: fc.Arbitrary<Pool> = fc.record({
  bursts: fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 1, max: 100_000_000_000 })),
  threshold: fc.integer({ min: 1, max: 5000 }),
  windowSeconds: fc.constantFrom(1, 10),
  isSliding: fc.boolean(),
});
const jitters = fc.oneof(fc.integer({ min: 0, max: 10_000 }), fc.double({ min: 0, max: 1e12, noNaN: true }));
/** Rounding may move a bound by this much in its logarithm. */
const slack = 1e-9;

test("bounds are ordered, never NaN and never above certainty", () => {
  fc.assert(
    fc.property(pools, jitters, (pool, jitter) => {
      const { perWindow, lower, estimate, upper } = poolRisk(pool, jitter);
      for (const value of [perWindow, lower, estimate, upper]) expect(value).toBeLessThanOrEqual(0);
      expect(lower).toBeLessThanOrEqual(upper + slack);
      expect(lower).toBeLessThanOrEqual(estimate + slack);
      expect(estimate).toBeLessThanOrEqual(upper + slack);
    }),
  );
});

test("more clusters, more risk", () => {
  fc.assert(
    fc.property(pools, jitters, fc.integer({ min: 1, max: 1000 }), (pool, jitter, more) => {
      const before = poolRisk(pool, jitter);
      const after = poolRisk({ ...pool, bursts: pool.bursts + more }, jitter);
      expect(after.perWindow).toBeGreaterThanOrEqual(before.perWindow - slack);
      expect(after.lower).toBeGreaterThanOrEqual(before.lower - slack);
      expect(after.upper).toBeGreaterThanOrEqual(before.upper - slack);
    }),
  );
});

test("more jitter, less risk: by whole windows, and for any step when windows slide", () => {
  fc.assert(
    fc.property(
      pools,
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 1, max: 100 }),
      (pool, start, step) => {
        const length = pool.windowSeconds;
        const before = poolRisk(pool, start * length).upper;
        expect(poolRisk(pool, (start + step) * length).upper).toBeLessThanOrEqual(before + slack);
        const sliding = (jitter: number) => poolRisk({ ...pool, isSliding: true }, jitter).upper;
        expect(sliding(start * length + step / 7)).toBeLessThanOrEqual(sliding(start * length) + slack);
      },
    ),
  );
});

test("a higher threshold, less risk; a finer counting of the same rate, more risk", () => {
  fc.assert(
    fc.property(pools, jitters, (pool, jitter) => {
      const { upper } = poolRisk(pool, jitter);
      expect(poolRisk({ ...pool, threshold: pool.threshold + 1 }, jitter).upper).toBeLessThanOrEqual(
        upper + slack,
      );
      const sliding = poolRisk({ ...pool, isSliding: true }, jitter);
      const fixed = poolRisk({ ...pool, isSliding: false }, jitter);
      expect(sliding.upper).toBeGreaterThanOrEqual(fixed.lower - slack);
    }),
  );
});

/**
 * The exact chance that some window gets more than `threshold` of `bursts`, by counting: the coefficient of x^n/n! in
 * the product of the windows' truncated exponential series.
 */
function exactFixedRisk(bursts: number, threshold: number, shares: readonly number[]): number {
  let series = [1, ...Array.from({ length: bursts }, () => 0)];
  for (const share of shares) {
    const next = series.map(() => 0);
    for (let before = 0; before <= bursts; before++) {
      let term = series[before]!;
      for (let taken = 0; taken <= threshold && before + taken <= bursts; taken++) {
        next[before + taken]! += term;
        term *= share / (taken + 1);
      }
    }
    series = next;
  }
  let factorial = 1;
  for (let factor = 2; factor <= bursts; factor++) factorial *= factor;
  return 1 - series[bursts]! * factorial;
}

/** Windows of length 1 cut [0, jitter) when the first of them ends at `phase`. */
function sharesOf(jitter: number, phase: number): number[] {
  const shares: number[] = [];
  for (let start = 0; start < jitter;) {
    const end = Math.min(jitter, start === 0 && phase > 0 ? phase : start + 1);
    shares.push((end - start) / jitter);
    start = end;
  }
  return shares;
}

const smallPools = fc.record({
  bursts: fc.integer({ min: 2, max: 40 }),
  threshold: fc.integer({ min: 1, max: 12 }),
  jitter: fc.double({ min: 1.01, max: 60, noNaN: true }),
  phase: fc.double({ min: 0, max: 0.99, noNaN: true }),
});

test("the exact chance lies between the bounds, and below the upper one wherever the windows lie", () => {
  fc.assert(
    fc.property(smallPools, ({ bursts, threshold, jitter, phase }) => {
      const risk = poolRisk({ bursts, threshold, windowSeconds: 1, isSliding: false }, jitter);
      const aligned = exactFixedRisk(bursts, threshold, sharesOf(jitter, 0));
      expect(aligned).toBeGreaterThanOrEqual(Math.exp(risk.lower) - 1e-9);
      expect(aligned).toBeLessThanOrEqual(Math.exp(risk.upper) + 1e-9);
      const shifted = exactFixedRisk(bursts, threshold, sharesOf(jitter, phase));
      expect(shifted).toBeLessThanOrEqual(Math.exp(risk.upper) + 1e-9);
    }),
    { numRuns: 500 },
  );
});

test("with sliding windows the bound holds against the exact chance that two bursts meet", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 300 }),
      fc.double({ min: 1.1, max: 1e6, noNaN: true }),
      (bursts, jitter) => {
        const exact = 1 - Math.max(0, 1 - (bursts - 1) / jitter) ** bursts;
        const risk = poolRisk({ bursts, threshold: 1, windowSeconds: 1, isSliding: true }, jitter);
        expect(Math.exp(risk.upper)).toBeGreaterThanOrEqual(exact - 1e-9);
        expect(Math.exp(risk.lower)).toBeLessThanOrEqual(exact + 1e-9);
      },
    ),
  );
});

test("two bursts within one window of ten: 19 in 100, exactly", () => {
  const risk = poolRisk({ bursts: 2, threshold: 1, windowSeconds: 1, isSliding: true }, 10);
  expect(Math.exp(risk.upper)).toBeCloseTo(0.19, 12);
});

/** Fleets whose refreshes are throttled often enough to be seen. */
const played: readonly (PlanInputs & { readonly counting: Counting; readonly jitterSeconds: number })[] = [
  { clusters: 700, secretsPerCluster: 30, counting: "fixed", jitterSeconds: 65 },
  { clusters: 700, secretsPerCluster: 30, counting: "second", jitterSeconds: 160 },
  { clusters: 700, secretsPerCluster: 30, counting: "sliding", jitterSeconds: 68 },
  { clusters: 700, secretsPerCluster: 30, counting: "sliding", jitterSeconds: 71 },
  { clusters: 100, secretsPerCluster: 400, counting: "fixed", jitterSeconds: 193 },
  { clusters: 100, secretsPerCluster: 400, counting: "sliding", jitterSeconds: 250 },
  { clusters: 50, secretsPerCluster: 700, counting: "sliding", jitterSeconds: 300 },
  { clusters: 40, secretsPerCluster: 1500, counting: "sliding", jitterSeconds: 400 },
  { clusters: 300, secretsPerCluster: 30, burst: 10, counting: "second", jitterSeconds: 40 },
  { clusters: 900, secretsPerCluster: 100, vaults: 3, counting: "fixed", jitterSeconds: 92 },
  { clusters: 1000, secretsPerCluster: 100, vaults: 8, counting: "fixed", jitterSeconds: 60 },
  { clusters: 200, secretsPerCluster: 100, otherLoadPerSecond: 150, counting: "sliding", jitterSeconds: 130 },
];

describe("Monte Carlo", () => {
  test.each(played)(
    "$clusters × $secretsPerCluster, $counting, $jitterSeconds s lies within the bounds",
    (fleet) => {
      const inputs = completeInputs(fleet);
      const simulation = new MonteCarlo(
        inputs,
        fleet.counting,
        fleet.jitterSeconds,
        seededRandom(20_250_801),
      );
      simulation.run(4000);
      const seen = simulation.result();
      const { lower, upper } = refreshRisk(inputs, fleet.counting, fleet.jitterSeconds);
      expect(seen.throttled).toBeGreaterThan(0);
      expect(Math.exp(lower)).toBeLessThanOrEqual(seen.upper);
      expect(Math.exp(upper)).toBeGreaterThanOrEqual(seen.lower);
    },
  );

  test.each([
    { clusters: 100, secretsPerCluster: 400, jitterSeconds: 330, samples: 40_000, tolerance: 0.05 },
    { clusters: 50, secretsPerCluster: 700, jitterSeconds: 450, samples: 40_000, tolerance: 0.05 },
    { clusters: 290, secretsPerCluster: 20, jitterSeconds: 16, samples: 20_000, tolerance: 0.2 },
    { clusters: 50, secretsPerCluster: 700, jitterSeconds: 350, samples: 10_000, tolerance: 0.2 },
  ])(
    "the estimate for $clusters × $secretsPerCluster over $jitterSeconds s is as good as it says",
    ({ samples, tolerance, ...fleet }) => {
      const inputs = completeInputs({ ...fleet, counting: "sliding" });
      const simulation = new MonteCarlo(inputs, "sliding", fleet.jitterSeconds, seededRandom(4));
      simulation.run(samples);
      const seen = simulation.result();
      const estimate = Math.exp(refreshRisk(inputs, "sliding", fleet.jitterSeconds).estimate);
      expect(estimate * (1 + tolerance)).toBeGreaterThanOrEqual(seen.lower);
      expect(estimate * (1 - tolerance)).toBeLessThanOrEqual(seen.upper);
    },
  );

  test("the same seed plays the same luck", () => {
    const inputs = completeInputs({ clusters: 700, secretsPerCluster: 30 });
    const play = () => {
      const simulation = new MonteCarlo(inputs, "fixed", 65, seededRandom(7));
      simulation.run(500);
      return simulation.result();
    };
    expect(play()).toEqual(play());
  });

  test("nothing seen in n samples bounds the risk by 5.3/n at 99 %", () => {
    const simulation = new MonteCarlo(
      completeInputs({ clusters: 10, secretsPerCluster: 10 }),
      "fixed",
      60,
      seededRandom(1),
    );
    simulation.run(1000);
    expect(simulation.result()).toMatchObject({ throttled: 0, lower: 0 });
    expect(simulation.result().upper).toBeCloseTo(-Math.log(0.005) / 1000, 4);
  });

  test("every counting throttles everything without jitter and nothing that fits", () => {
    for (const counting of countings) {
      const crowded = new MonteCarlo(
        completeInputs({ clusters: 200, secretsPerCluster: 30 }),
        counting,
        0,
        seededRandom(1),
      );
      crowded.run(10);
      expect(crowded.result().throttled).toBe(10);
    }
  });
});
