import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { completeInputs, PlanInputError, type PlanInputs } from "./inputs.ts";
import { planJitter } from "./jitter.ts";
import { refreshRisk } from "./refresh-risk.ts";
import { planRisk } from "./risk.ts";
import { countings } from "./window-risk.ts";

const fleet = { clusters: 700, secretsPerCluster: 30 };

describe("700 clusters with 30 secrets at 0.01 %", () => {
  const plan = planJitter(fleet);

  test("shows the guide's three ways with the guide's own numbers", () => {
    expect(plan.guide.jitterSeconds).toBeCloseTo(189.27, 2);
    expect(plan.guide.jitterSecondsRounded).toBe(190);
    expect(plan.guide.table).toEqual({ clusters: 1000, secretsPerCluster: 50, jitterSeconds: 760 });
    expect(plan.guide.basicJitterSeconds).toBe(3600);
  });

  test("needs 75 s in fixed windows, 282 s if each second counts, 81 s if windows slide", () => {
    expect(plan.byCounting.fixed.jitterSeconds).toBe(75);
    expect(plan.byCounting.second.jitterSeconds).toBe(282);
    expect(plan.byCounting.sliding.jitterSeconds).toBe(81);
    expect(plan.exact).toEqual(plan.byCounting.fixed);
  });

  test("checks the guide's 190 s: 0.57 % per refresh if seconds count, 10^-36 in the service's windows", () => {
    expect(plan.guideChecked?.second.upper).toBeCloseTo(0.0057, 4);
    expect(plan.guideChecked?.fixed.upperLog10).toBeCloseTo(-36.22, 2);
  });

  test("cannot be spread over less than 52.5 s, and a Secret is at most 3,675 s old", () => {
    expect(plan.floorSeconds).toBe(52.5);
    expect(plan.worstCaseAgeSeconds).toBe(3675);
    expect(plan.meanRequestsPerWindow).toBe(2800);
  });
});

test("the guide's promise per refresh does not hold per second: 10,000 × 50 at 7,600 s", () => {
  const { second } = planJitter({ clusters: 10_000, secretsPerCluster: 50 }).guideChecked!;
  expect(second.lower).toBeGreaterThan(0.073);
  expect(second.upper).toBeLessThan(0.077);
});

test("the guide's 20 clusters with 10 secrets need no jitter", () => {
  const plan = planJitter({ clusters: 20, secretsPerCluster: 10 });
  expect(plan.exact.jitterSeconds).toBe(0);
  expect(plan.exact.riskPerRefresh).toEqual({ lower: 0, upper: 0, upperLog10: null });
  expect(plan.warnings.map(({ code }) => code)).toEqual(["jitter-not-needed"]);
});

test("a fleet that just fits into one window needs no jitter, and is told how little is left", () => {
  const plan = planJitter({ clusters: 100, secretsPerCluster: 39 });
  expect(plan.exact.jitterSeconds).toBe(0);
  expect(plan.warnings.map(({ code }) => code)).toEqual(["no-room-left"]);
  expect(plan.warnings[0]!.message).toContain("only 100 are left");
});

test("the table is looked up for one vault's clusters, and only for the limits that it is made for", () => {
  const spread = planJitter({ clusters: 10_000, secretsPerCluster: 50, vaults: 5 });
  expect(spread.guide.table).toMatchObject({ clusters: 2000, jitterSeconds: 1500 });
  expect(planJitter({ ...fleet, profile: "legacy-2000" }).guide.table).toBeNull();
});

test("the guide's 2,000 clusters with 20 secrets throttle without jitter", () => {
  expect(
    planRisk({ clusters: 2000, secretsPerCluster: 20, jitterSeconds: 0 }).exact.riskPerRefresh.lower,
  ).toBe(1);
  expect(planJitter({ clusters: 2000, secretsPerCluster: 20 }).exact.jitterSeconds).toBe(136);
});

test("twice the vaults need about half the jitter, but a subscription serves only five", () => {
  const at = (vaults: number) =>
    planJitter({ clusters: 10_000, secretsPerCluster: 50, vaults }).exact.jitterSeconds!;
  expect(at(1)).toBe(2259);
  expect(at(2)).toBeLessThan(at(1) / 1.9);
  expect(at(5)).toBeLessThan(at(2) / 2);
  const floor = planJitter({ clusters: 10_000, secretsPerCluster: 50, vaults: 20 }).floorSeconds;
  expect(at(20)).toBeGreaterThanOrEqual(floor);
  expect(floor).toBe(250);
});

test("a SecretSync for each secret spreads better than one for all", () => {
  expect(planJitter({ ...fleet, burst: 1 }).exact.jitterSeconds).toBeLessThan(60);
});

test("other users of the vault and challenged requests lengthen the jitter", () => {
  expect(planJitter({ ...fleet, otherLoadPerSecond: 100 }).exact.jitterSeconds).toBe(
    planJitter({ ...fleet, limitPerWindow: 3000 }).exact.jitterSeconds,
  );
  expect(planJitter({ ...fleet, requestsPerSecret: 2 }).exact.jitterSeconds).toBe(
    planJitter({ ...fleet, limitPerWindow: 2000 }).exact.jitterSeconds,
  );
});

test("the older table of limits asks for twice the room", () => {
  const legacy = planJitter({ ...fleet, profile: "legacy-2000" });
  expect(legacy.inputs.limitPerWindow).toBe(2000);
  expect(legacy.exact.jitterSeconds).toBe(planJitter({ ...fleet, limitPerWindow: 2000 }).exact.jitterSeconds);
});

test("the strict reading counts seconds whatever the counting says", () => {
  const strict = planJitter({ ...fleet, profile: "strict-second" });
  expect(strict.inputs).toMatchObject({ limitPerWindow: 400, windowSeconds: 1 });
  expect(strict.exact.jitterSeconds).toBe(282);
});

test("a burst above the limit: no jitter helps, and the answer says what does", () => {
  const { exact } = planJitter({ clusters: 5, secretsPerCluster: 5000 });
  expect(exact.jitterSeconds).toBeNull();
  expect(exact.riskPerRefresh.lower).toBe(1);
  expect(exact.noAnswer).toContain("at most 4000 each");
});

test("where the guide's cube has no root the exact answer stands alone", () => {
  const plan = planJitter({ clusters: 700, secretsPerCluster: 300 });
  expect(plan.guide.jitterSeconds).toBeNull();
  expect(plan.guide.noAnswer).toContain("no answer");
  expect(plan.guideChecked).toBeNull();
  expect(plan.exact.jitterSeconds).toBeGreaterThan(525);
});

test.each<[PlanInputs, string[]]>([
  [{ clusters: 0, secretsPerCluster: 30 }, ["clusters"]],
  [{ clusters: 1e9, secretsPerCluster: -1 }, ["clusters", "secretsPerCluster", "burst"]],
  [{ ...fleet, risk: 0 }, ["risk"]],
  [{ ...fleet, risk: 1 }, ["risk"]],
  [{ ...fleet, risk: Number.NaN }, ["risk"]],
  [{ ...fleet, clusters: 1.5 }, ["clusters"]],
  [{ ...fleet, burst: 31 }, ["burst"]],
  [{ ...fleet, otherLoadPerSecond: 400 }, ["otherLoadPerSecond"]],
  [{ ...fleet, counting: "minute" as "second" }, ["counting"]],
  [{ ...fleet, profile: "nothing" as "azure-2026" }, ["profile"]],
])("names every input that is wrong in %j", (inputs, names) => {
  expect(issuesOf(inputs)).toEqual(names);
});

function issuesOf(inputs: PlanInputs): string[] {
  try {
    planJitter(inputs);
  } catch (error) {
    if (error instanceof PlanInputError) return error.issues.map(({ input }) => input);
    throw error;
  }
  return [];
}

const domain = fc.record({
  clusters: fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 10_000_000 })),
  secretsPerCluster: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 10_000 })),
  risk: fc.integer({ min: 1, max: 300 }).map((digits) => Math.min(0.5, 10 ** -digits)),
  vaults: fc.integer({ min: 1, max: 12 }),
  isSplit: fc.boolean(),
});

test("in the whole domain the answer is the first whole second that is safe", { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(domain, ({ isSplit, ...given }) => {
      const inputs = { ...given, ...(isSplit ? { burst: 1 } : {}) };
      const complete = completeInputs(inputs);
      const plan = planJitter(inputs);
      for (const counting of countings) {
        const { jitterSeconds } = plan.byCounting[counting];
        if (jitterSeconds === null) continue;
        const accepted = Math.log(complete.risk);
        expect(refreshRisk(complete, counting, jitterSeconds).upper).toBeLessThanOrEqual(accepted);
        for (let before = 1; before <= 30 && before <= jitterSeconds; before++) {
          expect(refreshRisk(complete, counting, jitterSeconds - before).upper).toBeGreaterThan(accepted);
        }
      }
    }),
  );
});

test("the first safe second is the one that trying every second finds", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 1, max: 400 }),
      fc.constantFrom(...countings),
      (clusters, secretsPerCluster, counting) => {
        const inputs = completeInputs({ clusters, secretsPerCluster, risk: 0.01 });
        let first = 0;
        while (first < 400 && refreshRisk(inputs, counting, first).upper > Math.log(0.01)) first++;
        const answer = planJitter({ clusters, secretsPerCluster, risk: 0.01, counting }).exact.jitterSeconds;
        expect(Math.min(answer ?? 400, 400)).toBe(first);
      },
    ),
    { numRuns: 60 },
  );
});
