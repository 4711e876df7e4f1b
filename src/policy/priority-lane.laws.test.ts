import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  lanes,
  noLaneCredits,
  pickLane,
  turnsUntilServed,
  vaultLaneShares,
  type PerLane,
} from "./priority-lane.ts";

const someCounts = fc.tuple(fc.nat(20), fc.nat(20), fc.nat(20), fc.nat(20));
const someShares: fc.Arbitrary<PerLane> = fc
  .tuple(fc.nat(25), fc.nat(25), fc.nat(25), fc.nat(25))
  .map(([a, b, c, d]) => [a / 100, b / 100, c / 100, d / 100]);

/** Serves `turns` with what `waiting` says before each turn; returns how often each lane was served. */
function serve(shares: PerLane, turns: number, waiting: (turn: number) => PerLane): number[] {
  let credits = noLaneCredits;
  const served = [0, 0, 0, 0];
  for (let turn = 0; turn < turns; turn++) {
    const picked = pickLane(shares, credits, waiting(turn));
    credits = picked.credits;
    served[picked.index]!++;
  }
  return served;
}

test("only a lane where somebody waits is served", () => {
  fc.assert(
    fc.property(someShares, fc.array(someCounts, { maxLength: 100 }), (shares, rounds) => {
      let credits = noLaneCredits;
      for (const waiting of rounds) {
        if (waiting.every((count) => count === 0)) continue;
        const picked = pickLane(shares, credits, waiting);
        expect(waiting[picked.index]).toBeGreaterThan(0);
        credits = picked.credits;
      }
    }),
  );
});

test("a lane that keeps waiting gets its share of turns, whatever the others do", () => {
  fc.assert(
    fc.property(
      someShares,
      fc.nat(3),
      fc.array(someCounts, { minLength: 1, maxLength: 30 }),
      (shares, lane, others) => {
        const turns = 500;
        const served = serve(shares, turns, (turn) => {
          const counts = [...others[turn % others.length]!] as [number, number, number, number];
          counts[lane] = 1;
          return counts;
        });
        expect(served[lane]).toBeGreaterThanOrEqual(Math.floor(turns * shares[lane]!) - lanes.length);
      },
    ),
  );
});

test("when all lanes are busy the most urgent one gets all that the others are not owed", () => {
  expect(serve(vaultLaneShares, 1_000, () => [1, 1, 1, 1])).toEqual([703, 99, 99, 99]);
});

test("turns that nobody else wants go to whoever waits", () => {
  expect(serve(vaultLaneShares, 100, () => [0, 0, 0, 1])).toEqual([0, 0, 0, 100]);
});

test("an idle lane saves nothing up for later", () => {
  let credits: PerLane = noLaneCredits;
  for (let turn = 0; turn < 1_000; turn++) ({ credits } = pickLane(vaultLaneShares, credits, [1, 0, 0, 0]));
  expect(pickLane(vaultLaneShares, credits, [1, 0, 0, 1]).index).toBe(0);
});

test("the expected turn is never far off when nobody else comes", () => {
  fc.assert(
    fc.property(someCounts, fc.nat(3), (counts, lane) => {
      const expected = turnsUntilServed(vaultLaneShares, counts, lane);
      const waiting = [...counts] as [number, number, number, number];
      waiting[lane] = waiting[lane]! + 1;
      let credits: PerLane = noLaneCredits;
      let turns = 0;
      for (let own = counts[lane]! + 1; own > 0;) {
        const picked = pickLane(vaultLaneShares, credits, waiting);
        credits = picked.credits;
        waiting[picked.index] = waiting[picked.index]! - 1;
        if (picked.index === lane) own--;
        turns++;
      }
      expect(turns).toBeLessThanOrEqual(expected + lanes.length);
    }),
  );
});
