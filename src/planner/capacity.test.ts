import fc from "fast-check";
import { expect, test } from "vitest";
import { planCapacity } from "./capacity.ts";
import { PlanInputError } from "./inputs.ts";
import { planJitter } from "./jitter.ts";
import { planRisk } from "./risk.ts";
import { countings } from "./window-risk.ts";

test("75 s carry 702 clusters with 30 secrets in fixed windows; the guide's formula would allow 277", () => {
  const plan = planCapacity({ goal: "clusters", secretsPerCluster: 30, jitterSeconds: 75 });
  expect(plan.exact.largest).toBe(702);
  expect(plan.guide.largest).toBe(277);
});

test("the guide's 190 s carry 700 clusters by its own formula and no more than its rounding adds", () => {
  const plan = planCapacity({ goal: "clusters", secretsPerCluster: 30, jitterSeconds: 190 });
  expect(plan.guide.largest).toBe(702);
});

test("nothing fits when a single cluster's burst is too large", () => {
  const plan = planCapacity({ goal: "clusters", secretsPerCluster: 5000, jitterSeconds: 1000 });
  expect(plan.exact).toEqual({ counting: "fixed", largest: 0, riskPerRefresh: null });
});

test("the goal's counterpart is needed", () => {
  expect(() => planCapacity({ goal: "clusters", jitterSeconds: 75 })).toThrow(PlanInputError);
  expect(() => planCapacity({ goal: "clusters", secretsPerCluster: 3, jitterSeconds: -1 })).toThrow(
    /jitterSeconds/,
  );
});

test("one more than the largest is too many, and the jitter of the largest is not longer", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 11, max: 5000 }),
      fc.constantFrom(...countings),
      fc.constantFrom("clusters" as const, "secretsPerCluster" as const),
      (other, jitterSeconds, counting, goal) => {
        const known = goal === "clusters" ? { secretsPerCluster: other } : { clusters: other };
        const { exact, searchLimit } = planCapacity({ goal, ...known, jitterSeconds, counting });
        fc.pre(exact.largest > 0 && exact.largest < searchLimit);
        const fleet = (value: number) => ({
          clusters: other,
          secretsPerCluster: other,
          [goal]: value,
          counting,
        });
        expect(
          planRisk({ ...fleet(exact.largest), jitterSeconds }).exact.riskPerRefresh.upper,
        ).toBeLessThanOrEqual(1e-4);
        expect(
          planRisk({ ...fleet(exact.largest + 1), jitterSeconds }).exact.riskPerRefresh.upper,
        ).toBeGreaterThan(1e-4);
        expect(planJitter(fleet(exact.largest)).exact.jitterSeconds).toBeLessThanOrEqual(jitterSeconds);
      },
    ),
  );
});
