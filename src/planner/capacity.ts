import { guideJitter } from "./guide.ts";
import { inputRanges } from "./input-ranges.ts";
import { checkJitter, completeInputs, type CompleteInputs, type PlanInputs } from "./inputs.ts";
import { forEachCounting, type ByCounting } from "./jitter.ts";
import { boundsOf, refreshRisk, type RiskBounds } from "./refresh-risk.ts";
import type { Counting } from "./window-risk.ts";

/** What to maximise. */
export type CapacityGoal = "clusters" | "secretsPerCluster";

/** What `keyweir plan capacity` is asked: everything of a plan but the goal, and the jitter. */
export type CapacityInputs = Omit<PlanInputs, CapacityGoal> & {
  readonly jitterSeconds: number;
  readonly goal: CapacityGoal;
  /** Needed unless it is the goal. */
  readonly clusters?: number | undefined;
  /** Needed unless it is the goal. */
  readonly secretsPerCluster?: number | undefined;
};

/** The largest fleet for one counting. */
export interface CapacityAnswer {
  readonly counting: Counting;
  /** 0 when even one is too many; at most the planner's own limit. */
  readonly largest: number;
  /** At `largest`; null when that is 0. */
  readonly riskPerRefresh: RiskBounds | null;
}

/** The answer of `keyweir plan capacity` (docs/schemas/plan-capacity.schema.json). */
export interface CapacityPlan {
  readonly inputs: Omit<CompleteInputs, CapacityGoal | "burst"> & {
    readonly jitterSeconds: number;
    readonly clusters: number | null;
    readonly secretsPerCluster: number | null;
    /** Null when one go holds all secrets. */
    readonly burst: number | null;
  };
  readonly goal: CapacityGoal;
  /** The planner's own limit of the goal: an answer that equals it means "at least". */
  readonly searchLimit: number;
  readonly guide: { readonly largest: number };
  readonly exact: CapacityAnswer;
  readonly byCounting: ByCounting<CapacityAnswer>;
}

/**
 * How many clusters (or secrets per cluster) does this jitter carry at the accepted risk? Throws a
 * {@link PlanInputError} that lists every input outside its range.
 */
export function planCapacity(given: CapacityInputs): CapacityPlan {
  const { goal, jitterSeconds } = given;
  const at = (value: number): PlanInputs => ({
    ...given,
    clusters: goal === "clusters" ? value : (given.clusters ?? Number.NaN),
    secretsPerCluster: goal === "secretsPerCluster" ? value : (given.secretsPerCluster ?? Number.NaN),
  });
  const smallest = goal === "clusters" ? 1 : (given.burst ?? 1);
  const checked = completeInputs(at(smallest));
  checkJitter(jitterSeconds);
  const searchLimit = inputRanges[goal].maximum;
  const isWithin = (value: number, counting: Counting) =>
    refreshRisk(completeInputs(at(value)), counting, jitterSeconds).upper <= Math.log(checked.risk);
  const answer = (counting: Counting): CapacityAnswer => {
    const largest = largestFitting(smallest, searchLimit, (value) => isWithin(value, counting));
    return {
      counting,
      largest,
      riskPerRefresh:
        largest === 0
          ? null
          : boundsOf(refreshRisk(completeInputs(at(largest)), counting, jitterSeconds), counting),
    };
  };
  const byCounting = forEachCounting(answer);
  return {
    inputs: {
      ...checked,
      jitterSeconds,
      clusters: goal === "clusters" ? null : checked.clusters,
      secretsPerCluster: goal === "secretsPerCluster" ? null : checked.secretsPerCluster,
      burst: given.burst ?? null,
    },
    goal,
    searchLimit,
    guide: { largest: guideLargest(checked, goal, jitterSeconds, searchLimit) },
    exact: byCounting[checked.counting],
    byCounting,
  };
}

/** What the guide's formula would allow: its jitter grows with either input, so it can be read backwards. */
function guideLargest(
  inputs: CompleteInputs,
  goal: CapacityGoal,
  jitterSeconds: number,
  limit: number,
): number {
  return largestFitting(1, limit, (value) => {
    const answer = guideJitter({
      clusters: (goal === "clusters" ? value : inputs.clusters) / inputs.vaults,
      secretsPerCluster: goal === "clusters" ? inputs.secretsPerCluster : value,
      risk: inputs.risk,
      limitPerSecond: inputs.limitPerWindow / inputs.windowSeconds,
    });
    return answer.jitterSeconds !== null && answer.jitterSeconds <= jitterSeconds;
  });
}

/** The largest whole number of [smallest, limit] that fits, when what does not fit stays unfit; 0 when none does. */
function largestFitting(smallest: number, limit: number, isFitting: (value: number) => boolean): number {
  if (!isFitting(smallest)) return 0;
  let fits = smallest;
  let tooLarge = limit + 1;
  while (tooLarge - fits > 1) {
    const middle = Math.floor((fits + tooLarge) / 2);
    if (isFitting(middle)) fits = middle;
    else tooLarge = middle;
  }
  return fits;
}
