import { assert } from "../core/assert.ts";

/**
 * Why a request is made, most urgent first: an object that has no value yet, one that a person waits for, one that
 * is known to have changed, and the regular poll.
 */
export type Lane = "new" | "forced" | "rotated" | "routine";

/** Most urgent first. */
export const lanes: readonly Lane[] = ["new", "forced", "rotated", "routine"];

/** One number per lane, in the order of {@link lanes}. */
export type PerLane = readonly [number, number, number, number];

/** What each lane gets however busy the more urgent ones are; the rest goes by urgency. */
export const vaultLaneShares: PerLane = [0, 0.1, 0.1, 0.1];

/** What each lane is owed; nothing at first. */
export const noLaneCredits: PerLane = [0, 0, 0, 0];

/**
 * Chooses the lane to serve next among those where somebody waits (at least one), and what the lanes are owed after
 * it. A lane that waits earns its share with every choice and is served when it has earned a whole turn; otherwise
 * the most urgent lane is served. A lane with share s that keeps waiting gets at least n × s − 4 of n turns.
 */
export function pickLane(
  shares: PerLane,
  credits: PerLane,
  waiting: PerLane,
): { readonly index: number; readonly credits: PerLane } {
  const earned: [number, number, number, number] = [0, 0, 0, 0];
  let urgent = -1;
  let owed = -1;
  for (let index = 0; index < earned.length; index++) {
    if (waiting[index]! <= 0) continue;
    if (urgent < 0) urgent = index;
    earned[index] = credits[index]! + shares[index]!;
    if (earned[index]! >= 1 && (owed < 0 || earned[index]! > earned[owed]!)) owed = index;
  }
  assert(urgent >= 0, "a lane is picked only when somebody waits");
  const index = owed >= 0 ? owed : urgent;
  earned[index] = Math.max(0, earned[index]! - 1);
  return { index, credits: earned };
}

/**
 * How many turns a request that joins lane `index` now will see before and including its own, if nobody else comes:
 * those ahead of it by urgency and the turns that less urgent lanes are owed, or by its own lane's share if that
 * is sooner.
 */
export function turnsUntilServed(shares: PerLane, waiting: PerLane, index: number): number {
  let ahead = waiting[index]! + 1;
  const own = ahead;
  let lowerShares = 0;
  for (let other = 0; other < shares.length; other++) {
    if (other < index) ahead += waiting[other]!;
    else if (other > index && waiting[other]! > 0) lowerShares += shares[other]!;
  }
  const byUrgency = ahead / (1 - lowerShares);
  const byShare = shares[index]! > 0 ? own / shares[index]! + lanes.length : Infinity;
  return Math.ceil(Math.min(byUrgency, byShare));
}
