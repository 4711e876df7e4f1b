import * as fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../core/random.ts";
import { hashedPhaseMs, jitterDelayMs } from "./spread.ts";

test("a phase lies within the interval and is the same every time", () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.string(),
      fc.string(),
      fc.integer({ min: 1, max: 7 * 86_400_000 }),
      (clusterId, namespace, name, intervalMs) => {
        const phaseMs = hashedPhaseMs(clusterId, namespace, name, intervalMs);
        expect(phaseMs).toBeGreaterThanOrEqual(0);
        expect(phaseMs).toBeLessThan(intervalMs);
        expect(hashedPhaseMs(clusterId, namespace, name, intervalMs)).toBe(phaseMs);
      },
    ),
  );
});

test("the phases of a fleet's like-named objects fill the interval evenly", () => {
  const intervalMs = 3_600_000;
  const slots = Array.from({ length: 360 }, () => 0);
  for (let cluster = 0; cluster < 720; cluster++) {
    for (let object = 0; object < 30; object++) {
      const phaseMs = hashedPhaseMs(`cluster-${cluster}`, "shop", `secret-${object}`, intervalMs);
      slots[Math.floor(phaseMs / 10_000)]!++;
    }
  }
  // 60 a slot on average; chance puts the fullest of 360 slots near 60 + 3 × √60.
  expect(Math.max(...slots)).toBeLessThan(100);
  expect(Math.min(...slots)).toBeGreaterThan(25);
});

test("an object named like another's namespace has a phase of its own", () => {
  expect(hashedPhaseMs("c", "ab", "c", 3_600_000)).not.toBe(hashedPhaseMs("c", "a", "bc", 3_600_000));
});

test("a jitter delay lies in [0, jitter] and is nothing when no jitter is set", () => {
  fc.assert(
    fc.property(fc.integer({ min: -5, max: 86_400 }), fc.integer(), (jitterSeconds, seed) => {
      const delayMs = jitterDelayMs(jitterSeconds, seededRandom(seed));
      expect(delayMs).toBeGreaterThanOrEqual(0);
      expect(delayMs).toBeLessThanOrEqual(Math.max(0, jitterSeconds) * 1_000);
    }),
  );
});
