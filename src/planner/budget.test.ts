import fc from "fast-check";
import { expect, test } from "vitest";
import { planBudget } from "./budget.ts";

test("700 clusters share 4,000: 5 requests per window each are always safe, 30 need the jitter", () => {
  const plan = planBudget({ clusters: 700, secretsPerCluster: 30 });
  expect(plan.guaranteed).toMatchObject({ requestsPerWindow: 5, refreshSeconds: 50, jitterSeconds: 0 });
  expect(plan.guaranteed.riskPerRefresh.upper).toBe(0);
  expect(plan.byJitter).toMatchObject({
    requestsPerWindow: 30,
    jitterSeconds: 75,
    worstCaseAgeSeconds: 3675,
  });
});

test("more clusters than the limit get less than one request per window", () => {
  const { guaranteed } = planBudget({ clusters: 10_000, secretsPerCluster: 50 });
  expect(guaranteed.requestsPerWindow).toBeCloseTo(0.4, 2);
});

test("a fleet that no jitter helps still has a guaranteed budget", () => {
  const plan = planBudget({ clusters: 5, secretsPerCluster: 5000 });
  expect(plan.byJitter).toBeNull();
  expect(plan.guaranteed.requestsPerWindow).toBe(800);
});

test("guaranteed budgets never add up to more than a vault's or a subscription's limit", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000_000 }),
      fc.integer({ min: 1, max: 10_000 }),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 0, max: 300 }),
      (clusters, secretsPerCluster, vaults, otherLoadPerSecond) => {
        const others = otherLoadPerSecond * 10;
        fc.pre(others * vaults < 20_000);
        const plan = planBudget({
          clusters,
          secretsPerCluster,
          vaults,
          otherLoadPerSecond,
          jitterSeconds: 60,
        });
        const each = plan.guaranteed.requestsPerWindow;
        expect(each).toBeGreaterThan(0);
        expect(each * plan.clustersPerVault + others).toBeLessThanOrEqual(4000 * (1 + 1e-9));
        expect(each * clusters + others * vaults).toBeLessThanOrEqual(20_000 * (1 + 1e-9));
      },
    ),
  );
});
