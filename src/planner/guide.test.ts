import { describe, expect, test } from "vitest";
import {
  guideBasicJitter,
  guideJitter,
  guideRiskPerSecond,
  guideTableClusters,
  guideTableLookup,
  guideTableSecrets,
} from "./guide.ts";

const fleet = { clusters: 700, secretsPerCluster: 30, limitPerSecond: 400 };

/** The table of the troubleshooting guide, copied figure by figure. */
const printedTable = [
  [0, 0, 1, 2, 4, 10, 20, 39, 98, 200],
  [0, 1, 2, 5, 10, 24, 49, 97, 240, 490],
  [1, 3, 7, 14, 27, 68, 140, 270, 680, 1400],
  [8, 15, 38, 76, 150, 380, 760, 1500, 3800, 7600],
];

describe("the guide's calculation", () => {
  test("gives 189.27 s for 700 clusters, 30 secrets, 0.01 %", () => {
    const answer = guideJitter({ ...fleet, risk: 0.0001 });
    expect(answer.zScore).toBeCloseTo(3.719016, 6);
    expect(answer.thresholdPerSecond).toBeCloseTo(13.3333, 4);
    expect(answer.meanPerSecond).toBeCloseTo(3.698436, 6);
    expect(answer.jitterSeconds).toBeCloseTo(189.27, 2);
    expect(answer.jitterSecondsRounded).toBe(190);
  });

  test("checks itself: the chance per second is 0.0034 %", () => {
    const { riskPerSecond } = guideJitter({ ...fleet, risk: 0.0001 });
    expect(riskPerSecond).toBeCloseTo(3.357e-5, 8);
    expect(((riskPerSecond ?? 0) * 100).toFixed(4)).toBe("0.0034");
  });

  test("with 760 s the chance per second is 0.00000000015 %", () => {
    const risk = guideRiskPerSecond(fleet, 760);
    expect(risk).toBeCloseTo(1.538e-12, 15);
    expect((risk * 100).toPrecision(2)).toBe("1.5e-10");
  });

  test.each([
    { secretsPerCluster: 400, risk: 0.0001 },
    { secretsPerCluster: 30, risk: 1e-300 },
    { secretsPerCluster: 10_000, risk: 0.5 },
  ])(
    "says that it has no answer for $secretsPerCluster secrets at risk $risk",
    ({ secretsPerCluster, risk }) => {
      const answer = guideJitter({ ...fleet, secretsPerCluster, risk });
      expect(answer.jitterSeconds).toBeNull();
      expect(answer.meanPerSecond).toBeNull();
      expect(answer.noAnswer).toContain("no answer");
    },
  );
});

test("at 0.01 % the formula ends between 228 and 229 secrets", () => {
  const at = (secretsPerCluster: number) =>
    guideJitter({ ...fleet, secretsPerCluster, risk: 0.0001 }).jitterSeconds;
  expect(at(228)).toBeGreaterThan(0);
  expect(at(229)).toBeNull();
});

describe("the guide's table", () => {
  for (const [rowIndex, secretsPerCluster] of guideTableSecrets.entries()) {
    test.each(guideTableClusters.map((clusters, index) => [clusters, printedTable[rowIndex]![index]!]))(
      `${secretsPerCluster} secrets, %d clusters: %d s`,
      (clusters, printed) => {
        const answer = guideJitter({ clusters, secretsPerCluster, risk: 0.0001, limitPerSecond: 400 });
        expect(answer.jitterSecondsRounded).toBe(printed);
      },
    );
  }

  test("700 clusters with 30 secrets look up the 1,000 column and the 50 row: 760 s", () => {
    expect(guideTableLookup(700, 30)).toEqual({ clusters: 1000, secretsPerCluster: 50, jitterSeconds: 760 });
  });

  test("has nothing for a fleet beyond its edge", () => {
    expect(guideTableLookup(10_001, 5)).toBeNull();
    expect(guideTableLookup(10, 51)).toBeNull();
  });
});

describe("the guide's basic way", () => {
  test("two hours less the default hour of polling leave 3,600 s", () => {
    expect(guideBasicJitter(7200, 3600)).toBe(3600);
  });
  test("is never negative", () => {
    expect(guideBasicJitter(1800, 3600)).toBe(0);
  });
});
