import * as fc from "fast-check";
import { expect, test } from "vitest";
import { fullTokenBucket, reserveUnits, tokenBucketForWindow, unitsAt } from "./token-bucket.ts";

const windowMs = 10_000;
const someLimit = fc.integer({ min: 1, max: 4_000 });
const someBurst = fc.integer({ min: 1, max: 99 }).map((percent) => percent / 100);
const someGaps = fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 300 });

/** The most units that any window of `windowMs` holds, given the times at which single units passed. */
function busiestWindow(times: readonly number[]): number {
  let most = 0;
  for (let first = 0, last = 0; last < times.length; last++) {
    while (times[last]! - times[first]! >= windowMs) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

test("no window sees more than its limit, wherever it starts and however callers arrive", () => {
  fc.assert(
    fc.property(someLimit, someBurst, someGaps, (limit, burst, gapsMs) => {
      const bucket = tokenBucketForWindow(limit, windowMs, burst);
      let state = fullTokenBucket(bucket, 0);
      let nowMs = 0;
      const passed: number[] = [];
      for (const gapMs of gapsMs) {
        nowMs += gapMs;
        const { waitMs, next } = reserveUnits(bucket, state, 1, nowMs);
        if (waitMs === Infinity) continue;
        state = next;
        passed.push(nowMs + waitMs);
      }
      expect(busiestWindow(passed.toSorted((left, right) => left - right))).toBeLessThanOrEqual(limit);
    }),
  );
});

test("callers that reserve ahead pass in the order they came", () => {
  fc.assert(
    fc.property(someLimit, someBurst, someGaps, (limit, burst, gapsMs) => {
      const bucket = tokenBucketForWindow(limit, windowMs, burst);
      let state = fullTokenBucket(bucket, 0);
      let nowMs = 0;
      let lastPassedMs = 0;
      for (const gapMs of gapsMs) {
        nowMs += gapMs;
        const { waitMs, next } = reserveUnits(bucket, state, 1, nowMs);
        if (waitMs === Infinity) break;
        expect(nowMs + waitMs).toBeGreaterThanOrEqual(lastPassedMs - 1e-6);
        lastPassedMs = nowMs + waitMs;
        state = next;
      }
    }),
  );
});

test("after the wait the units are there", () => {
  fc.assert(
    fc.property(someLimit, someBurst, fc.integer({ min: 1, max: 20 }), (limit, burst, taken) => {
      const bucket = tokenBucketForWindow(limit, windowMs, burst);
      fc.pre(bucket.refillPerSecond > 0);
      let state = fullTokenBucket(bucket, 0);
      let waitMs = 0;
      for (let index = 0; index < taken; index++) {
        ({ waitMs, next: state } = reserveUnits(bucket, state, 1, 0));
      }
      expect(unitsAt(bucket, state, waitMs)).toBeGreaterThanOrEqual(-1e-6);
    }),
  );
});

test("an idle bucket holds its capacity and no more", () => {
  const bucket = tokenBucketForWindow(400, windowMs, 0.25);
  const { next } = reserveUnits(bucket, fullTokenBucket(bucket, 0), 100, 0);
  expect(bucket).toEqual({ capacityUnits: 100, refillPerSecond: 30 });
  expect(unitsAt(bucket, next, 1_000)).toBe(30);
  expect(unitsAt(bucket, next, 3_600_000)).toBe(100);
});

test("a clock that goes back gives nothing away", () => {
  const bucket = { capacityUnits: 1, refillPerSecond: 1 };
  const { next } = reserveUnits(bucket, fullTokenBucket(bucket, 5_000), 1, 5_000);
  expect(reserveUnits(bucket, next, 1, 1_000).waitMs).toBe(1_000);
});

test("what can never pass is told so at once", () => {
  const bucket = { capacityUnits: 10, refillPerSecond: 1 };
  expect(reserveUnits(bucket, fullTokenBucket(bucket, 0), 11, 0).waitMs).toBe(Infinity);
  const dry = { capacityUnits: 1, refillPerSecond: 0 };
  const { next } = reserveUnits(dry, fullTokenBucket(dry, 0), 1, 0);
  expect(reserveUnits(dry, next, 1, 0).waitMs).toBe(Infinity);
});
