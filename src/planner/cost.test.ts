import { expect, test } from "vitest";
import { planCost } from "./cost.ts";

test("10,000 clusters with 20 secrets every hour: 144 million requests and 432 dollars a month", () => {
  const { schemes } = planCost({ clusters: 10_000, secretsPerCluster: 20, changesPerSecretAndMonth: 0 });
  const byName = Object.fromEntries(schemes.map((scheme) => [scheme.scheme, scheme]));
  expect(byName["none"]).toMatchObject({ requestsPerMonth: 144_000_000, riskPerRefresh: 1 });
  expect(byName["none"]!.costPerMonth).toBeCloseTo(432, 6);
  expect(byName["list-first"]!.requestsPerMonth).toBe(7_200_000);
  expect(byName["list-first"]!.costPerMonth).toBeCloseTo(21.6, 6);
  expect(byName["hub"]!.requestsPerMonth).toBe(720);
});

test("polling half as often halves the requests", () => {
  const at = (pollIntervalSeconds: number) =>
    planCost({ clusters: 700, secretsPerCluster: 30, pollIntervalSeconds }).schemes[0]!.requestsPerMonth;
  expect(at(7200)).toBe(at(3600) / 2);
});

test("the exact jitter is fresher than the guide's, and slots are fresher still", () => {
  const { schemes } = planCost({ clusters: 700, secretsPerCluster: 30 });
  const freshAfter = (name: string) => schemes.find(({ scheme }) => scheme === name)!.freshAfterSeconds!;
  expect(freshAfter("guide-jitter")).toBe(3790);
  expect(freshAfter("exact-jitter")).toBe(3675);
  expect(freshAfter("slotted")).toBe(3653);
});

test("a price is data", () => {
  const price = { currency: "EUR", perTenThousandRequests: 0.05, source: "contract" };
  expect(planCost({ clusters: 1, secretsPerCluster: 1, price }).schemes[0]!.costPerMonth).toBeCloseTo(
    (720 * 0.05) / 10_000,
    12,
  );
});
