import {
  guideBasicJitter,
  guideJitter,
  guideRiskPerSecond,
  guideTableLimitPerSecond,
  guideTableLookup,
  type GuideAnswer,
  type GuideTableCell,
} from "./guide.ts";
import { completeInputs, freeRates, type CompleteInputs, type PlanInputs } from "./inputs.ts";
import { boundsOf, burstsPerWindow, countingWindow, refreshRisk, type RiskBounds } from "./refresh-risk.ts";
import { planWarnings, type PlanWarning } from "./warnings.ts";
import { countings, type Counting } from "./window-risk.ts";

/** The exact answer for one counting. */
export interface ExactAnswer {
  readonly counting: Counting;
  /**
   * The smallest whole number of seconds whose upper bound is within the accepted risk; 0 when no jitter is needed,
   * null when none helps; the risks are then those of a million years.
   */
  readonly jitterSeconds: number | null;
  /** In one given window of the fullest vault. */
  readonly riskPerWindow: number;
  readonly riskPerRefresh: RiskBounds;
  /** Why no jitter helps, and what does; absent when one helps. */
  readonly noAnswer?: string;
}

/** Something for each counting. */
export type ByCounting<T> = Readonly<Record<Counting, T>>;

/** The answer of `keyweir plan jitter`. Field names are a public interface (docs/schemas/plan-jitter.schema.json). */
export interface JitterPlan {
  readonly inputs: CompleteInputs;
  readonly guide: GuideAnswer & {
    /** The basic way: the longest acceptable age less the poll interval, in seconds. */
    readonly basicJitterSeconds: number;
    /** The table's cell for one vault's clusters; null outside the table, and for limits that it is not made for. */
    readonly table: GuideTableCell | null;
    /** The guide's check (cell A8) of this fleet at the table's jitter; null outside the table. */
    readonly tableRiskPerSecond: number | null;
  };
  readonly exact: ExactAnswer;
  readonly byCounting: ByCounting<ExactAnswer>;
  /** What the guide's rounded jitter means for a whole refresh; null where the guide has no answer. */
  readonly guideChecked: ByCounting<RiskBounds> | null;
  /** What the table's jitter means for this fleet; null outside the table. */
  readonly tableChecked: ByCounting<RiskBounds> | null;
  /** What the basic way's jitter means for a whole refresh. */
  readonly basicChecked: ByCounting<RiskBounds>;
  /** No scheme, however clever, spreads the fleet over less. */
  readonly floorSeconds: number;
  /** Poll interval plus the exact jitter; null when no jitter helps. */
  readonly worstCaseAgeSeconds: number | null;
  /** Mean requests of this fleet in one of the vault's windows at the exact jitter; null when none helps. */
  readonly meanRequestsPerWindow: number | null;
  readonly warnings: readonly PlanWarning[];
}

/**
 * How far must a fleet spread its requests? The guide's three ways and the exact answer for each counting.
 * Throws a {@link PlanInputError} that lists every input outside its range.
 */
export function planJitter(given: PlanInputs): JitterPlan {
  const inputs = completeInputs(given);
  const forGuide = {
    clusters: inputs.clusters / inputs.vaults,
    secretsPerCluster: inputs.secretsPerCluster,
    risk: inputs.risk,
    limitPerSecond: inputs.limitPerWindow / inputs.windowSeconds,
  };
  const guide = guideJitter(forGuide);
  const table =
    forGuide.limitPerSecond === guideTableLimitPerSecond
      ? guideTableLookup(Math.ceil(forGuide.clusters), inputs.secretsPerCluster)
      : null;
  const basicJitterSeconds = guideBasicJitter(inputs.maximumAgeSeconds, inputs.pollIntervalSeconds);
  const byCounting = forEachCounting((counting) => exactJitter(inputs, counting));
  const exact = byCounting[inputs.counting];
  const guideSeconds = guide.jitterSecondsRounded;
  const floorSeconds = floorOf(inputs);
  return {
    inputs,
    guide: {
      ...guide,
      basicJitterSeconds,
      table,
      tableRiskPerSecond: table === null ? null : guideRiskPerSecond(forGuide, table.jitterSeconds),
    },
    exact,
    byCounting,
    guideChecked: guideSeconds === null ? null : checkJitterSeconds(inputs, guideSeconds),
    tableChecked: table === null ? null : checkJitterSeconds(inputs, table.jitterSeconds),
    basicChecked: checkJitterSeconds(inputs, basicJitterSeconds),
    floorSeconds,
    worstCaseAgeSeconds:
      exact.jitterSeconds === null ? null : inputs.pollIntervalSeconds + exact.jitterSeconds,
    meanRequestsPerWindow:
      exact.jitterSeconds === null ? null : meanRequestsPerWindow(inputs, exact.jitterSeconds),
    warnings: planWarnings(inputs, exact.jitterSeconds, {
      name: "The basic way's",
      seconds: basicJitterSeconds,
      advice: "Accept an older age, poll more often or add vaults.",
    }),
  };
}

/** The exact answer of one counting for inputs that are complete already. */
export function exactJitter(inputs: CompleteInputs, counting: Counting): ExactAnswer {
  const accepted = Math.log(inputs.risk);
  const jitterSeconds = smallestJitter(inputs, counting, accepted);
  const risk = refreshRisk(inputs, counting, jitterSeconds ?? jitterLimitSeconds);
  return {
    counting,
    jitterSeconds,
    riskPerWindow: Math.exp(risk.perWindow),
    riskPerRefresh: boundsOf(risk, counting),
    ...(jitterSeconds === null ? { noAnswer: describeNoAnswer(inputs, counting) } : {}),
  };
}

/** The risk of a whole refresh at this jitter, for each counting. */
export function checkJitterSeconds(inputs: CompleteInputs, jitterSeconds: number): ByCounting<RiskBounds> {
  return forEachCounting((counting) => boundsOf(refreshRisk(inputs, counting, jitterSeconds), counting));
}

/** Computes something for each counting. */
export function forEachCounting<T>(compute: (counting: Counting) => T): ByCounting<T> {
  const [second, fixed, sliding] = countings.map(compute) as [T, T, T];
  return { second, fixed, sliding };
}

/** Seconds that the vaults need at their limits to serve one refresh of the whole fleet. */
export function floorOf(inputs: CompleteInputs): number {
  const { freeOfVault, freeOfSubscription } = freeRates(inputs);
  const requests = inputs.clusters * inputs.secretsPerCluster * inputs.requestsPerSecret;
  return requests / Math.min(freeOfVault * Math.min(inputs.vaults, inputs.clusters), freeOfSubscription);
}

/** Mean requests of this fleet that the fullest vault sees in one window. */
export function meanRequestsPerWindow(inputs: CompleteInputs, jitterSeconds: number): number {
  const perVault =
    Math.ceil(inputs.clusters / inputs.vaults) * inputs.secretsPerCluster * inputs.requestsPerSecret;
  return perVault * Math.min(1, inputs.windowSeconds / Math.max(jitterSeconds, 1e-9));
}

/** A million years: beyond it a whole second says nothing. */
const jitterLimitSeconds = 3.2e13;

/**
 * With fixed windows the bound ⌈J/w⌉·q(J) jumps up whenever J passes a multiple of w, so bisection alone would miss
 * the first fit. (J/w)·q(J) has no jumps and is never larger: below its first fit nothing fits. From there the whole
 * seconds are tried one by one; a window's length later at most, the bound itself has come down.
 */
function smallestJitter(inputs: CompleteInputs, counting: Counting, accepted: number): number | null {
  const { windowSeconds } = countingWindow(inputs, counting);
  const bound = (seconds: number) => refreshRisk(inputs, counting, seconds).upper;
  const jumpless = (seconds: number) =>
    counting === "sliding" || seconds <= windowSeconds
      ? bound(seconds)
      : bound(seconds) + Math.log(seconds / windowSeconds / Math.ceil(seconds / windowSeconds));
  if (bound(0) <= accepted) return 0;
  if (burstsPerWindow(inputs, counting) < 1) return null;
  let tooSmall = 0;
  let enough = Math.ceil(Math.max(windowSeconds, floorOf(inputs)));
  while (jumpless(enough) > accepted) {
    tooSmall = enough;
    enough *= 2;
    if (enough > jitterLimitSeconds) return null;
  }
  while (enough - tooSmall > 1) {
    const middle = Math.floor((tooSmall + enough) / 2);
    if (jumpless(middle) > accepted) tooSmall = middle;
    else enough = middle;
  }
  while (bound(enough) > accepted) enough += 1;
  return enough;
}

function describeNoAnswer(inputs: CompleteInputs, counting: Counting): string {
  if (burstsPerWindow(inputs, counting) >= 1) {
    return (
      `No jitter below a million years brings the risk down to ${inputs.risk}. What helps: smaller bursts ` +
      "(a SecretSync for each secret), more vaults, or a higher accepted risk."
    );
  }
  const { limitPerWindow, windowSeconds } = countingWindow(inputs, counting);
  const left = Math.floor(limitPerWindow - inputs.otherLoadPerSecond * windowSeconds);
  const largest = Math.max(1, Math.floor(left / inputs.requestsPerSecret));
  const cost = inputs.requestsPerSecret === 1 ? "" : ` at ${inputs.requestsPerSecret} requests each`;
  return (
    `No jitter helps: one cluster asks for ${inputs.burst} secrets in one go${cost}, more than the ${left} requests ` +
    `that ${windowSeconds === 1 ? "one second" : `${windowSeconds} s`} may hold. What helps: split the secrets over ` +
    `SecretSyncs of at most ${largest} each, because the delay is drawn for each of them, or ` +
    "over several vaults."
  );
}
