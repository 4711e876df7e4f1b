import * as fc from "fast-check";
import { expect, test } from "vitest";
import { VirtualClock } from "../core/virtual-clock.ts";
import { ObjectCache } from "./object-cache.ts";

const someSteps = fc.array(
  fc.record({
    key: fc.constantFrom("a", "b", "c", "d", "e"),
    action: fc.constantFrom("set", "get", "drop"),
    size: fc.nat(40),
    passMs: fc.nat(100),
  }),
  { maxLength: 100 },
);

test("the cache gives back the last value stored, never an old one, and keeps its bounds", async () => {
  await fc.assert(
    fc.asyncProperty(someSteps, async (steps) => {
      const clock = new VirtualClock();
      const cache = new ObjectCache<string>(clock, { maxEntries: 3, maxBytes: 60 }, (value) => value.length);
      const model = new Map<string, { value: string; atMs: number }>();
      for (const { key, action, size, passMs } of steps) {
        await clock.advance(passMs);
        if (action === "set") {
          const value = key.repeat(size);
          cache.set(key, `group of ${key}`, value);
          model.set(key, { value, atMs: clock.monotonicMs() });
        } else if (action === "drop") {
          cache.drop(`group of ${key}`);
          model.delete(key);
        }
        const found = ["a", "b", "c", "d", "e"].map((each) => [each, cache.get(each, 200)] as const);
        const kept = found.filter(([, value]) => value !== undefined);
        expect(kept.length).toBeLessThanOrEqual(3);
        expect(kept.join("").length).toBeLessThanOrEqual(60 + 2 * 3);
        for (const [each, value] of kept) {
          expect(value).toBe(model.get(each)?.value);
          expect(clock.monotonicMs() - model.get(each)!.atMs).toBeLessThan(200);
        }
      }
      cache.drop();
      expect(cache.get("a", Infinity)).toBeUndefined();
    }),
    { numRuns: 30 },
  );
});

test("what was used last stays longest", () => {
  const cache = new ObjectCache<string>(new VirtualClock(), { maxEntries: 2, maxBytes: 100 }, () => 1);
  cache.set("a", "g", "A");
  cache.set("b", "g", "B");
  cache.get("a", 1_000);
  cache.set("c", "g", "C");
  expect(["a", "b", "c"].map((key) => cache.get(key, 1_000))).toEqual(["A", undefined, "C"]);
});
