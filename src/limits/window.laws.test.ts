import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createWindow, type WindowKind } from "./window.ts";

const windowMs = 1000;
const limit = 20;
const arrivals = fc.array(
  fc.record({ gapMs: fc.integer({ min: 0, max: 400 }), units: fc.integer({ min: 1, max: 5 }) }),
  { maxLength: 200 },
);
const starts = fc.integer({ min: 0, max: 10_000 });

/** The spans in which a window of this kind promises to hold the limit. */
const spanOf: Record<WindowKind, (ms: number) => { fromMs: number; toMs: number }> = {
  fixed: (ms) => ({ fromMs: Math.floor(ms / windowMs) * windowMs, toMs: ms }),
  sliding: (ms) => ({ fromMs: ms - windowMs + 1, toMs: ms }),
  ring: (ms) => ({ fromMs: (Math.floor(ms / 100) - 9) * 100, toMs: ms }),
};

describe.each(["fixed", "sliding", "ring"] as const)("a %s window", (kind) => {
  test("holds exactly what was added in its span", () => {
    fc.assert(
      fc.property(starts, arrivals, (startMs, list) => {
        const window = createWindow(kind, windowMs);
        const log: { ms: number; units: number }[] = [];
        let nowMs = startMs;
        for (const { gapMs, units } of list) {
          nowMs += gapMs;
          window.add(nowMs, units);
          log.push({ ms: nowMs, units });
          const span = spanOf[kind](nowMs);
          const expected = log
            .filter(({ ms }) => ms >= span.fromMs && ms <= span.toMs)
            .reduce((sum, entry) => sum + entry.units, 0);
          expect(window.used(nowMs)).toBe(expected);
        }
      }),
    );
  });

  test("never admits more than the limit in any of its spans", () => {
    fc.assert(
      fc.property(starts, arrivals, (startMs, list) => {
        const window = createWindow(kind, windowMs);
        const admitted: { ms: number; units: number }[] = [];
        let nowMs = startMs;
        for (const { gapMs, units } of list) {
          nowMs += gapMs;
          if (window.used(nowMs) + units > limit) continue;
          window.add(nowMs, units);
          admitted.push({ ms: nowMs, units });
        }
        for (const { ms: endMs } of admitted) {
          const span = spanOf[kind](endMs);
          const sum = admitted
            .filter(({ ms }) => ms >= span.fromMs && ms <= span.toMs)
            .reduce((total, entry) => total + entry.units, 0);
          expect(sum).toBeLessThanOrEqual(limit);
        }
      }),
    );
  });

  test("says the first millisecond at which enough has left", () => {
    fc.assert(
      fc.property(starts, arrivals, fc.nat({ max: limit }), (startMs, list, units) => {
        const fill = () => {
          const window = createWindow(kind, windowMs);
          let nowMs = startMs;
          for (const arrival of list) window.add((nowMs += arrival.gapMs), arrival.units);
          return { window, nowMs };
        };
        const { window, nowMs } = fill();
        const freeAtMs = window.whenAtMost(nowMs, units);
        expect(freeAtMs).toBeGreaterThanOrEqual(nowMs);
        expect(window.used(freeAtMs)).toBeLessThanOrEqual(units);
        const isStillFullBefore = fill().window.used(freeAtMs - 1) > units;
        expect(isStillFullBefore || freeAtMs === nowMs).toBe(true);
      }),
    );
  });

  test("takes a time before the last one as the last one", () => {
    const window = createWindow(kind, windowMs);
    window.add(50_000, 3);
    window.add(40_000, 4);
    expect(window.used(50_000)).toBe(7);
  });
});

test("a sliding window stays exact with many more requests than milliseconds", () => {
  const window = createWindow("sliding", windowMs);
  for (let index = 0; index < 100_000; index++) window.add(1000 + index / 50, 1);
  expect(window.used(3000)).toBe(50 * 1000 - 50);
});
