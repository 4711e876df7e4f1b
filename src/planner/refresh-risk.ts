import type { CompleteInputs } from "./inputs.ts";
import { logAdd } from "./probability/log-space.ts";
import { combineRisks, poolRisk, type Counting, type LogRisk, type Pool } from "./window-risk.ts";

/**
 * From a fleet's inputs to the counters that it meets: one pool per vault, and beyond five vaults the subscription's.
 */

/** Bounds on the chance that one refresh of the whole fleet is throttled, as probabilities. */
export interface RiskBounds {
  readonly lower: number;
  /** Rigorous; decisions take this one. */
  readonly upper: number;
  /** With sliding windows: the best single figure, usually within 20 % (see window-risk.ts). Else absent. */
  readonly estimate?: number;
  /** log₁₀ of `upper`, also where `upper` is too small for a number; null when throttling cannot happen. */
  readonly upperLog10: number | null;
}

/** What one window of the service lets through, for one counting. */
export interface CountingWindow {
  readonly windowSeconds: number;
  readonly limitPerWindow: number;
}

/** The window and the limit that a counting takes: for `second` the share of one second. */
export function countingWindow(
  inputs: Pick<CompleteInputs, "limitPerWindow" | "windowSeconds">,
  counting: Counting,
): CountingWindow {
  return counting === "second"
    ? { windowSeconds: 1, limitPerWindow: inputs.limitPerWindow / inputs.windowSeconds }
    : { windowSeconds: inputs.windowSeconds, limitPerWindow: inputs.limitPerWindow };
}

/** Whole bursts of this fleet that one vault serves per window, beside everybody else. */
export function burstsPerWindow(inputs: CompleteInputs, counting: Counting): number {
  const { windowSeconds, limitPerWindow } = countingWindow(inputs, counting);
  return wholeBursts(limitPerWindow - inputs.otherLoadPerSecond * windowSeconds, inputs);
}

/** The counters that a refresh meets. */
export interface RefreshPools {
  /** Vaults that are alike, with their number. */
  readonly vaults: readonly { readonly pool: Pool; readonly count: number }[];
  /** All vaults together, where the subscription's limit can be the tighter one. */
  readonly subscription: Pool | null;
}

/** Clusters go evenly to the vaults; beyond five vaults the subscription counts too. */
export function poolsOf(inputs: CompleteInputs, counting: Counting): RefreshPools {
  const { windowSeconds, limitPerWindow } = countingWindow(inputs, counting);
  const burstsPerCluster = Math.ceil(inputs.secretsPerCluster / inputs.burst);
  const fullerCount = inputs.clusters % inputs.vaults;
  const clustersPerVault = Math.floor(inputs.clusters / inputs.vaults);
  const pool = (clusters: number, threshold: number): Pool => ({
    bursts: clusters * burstsPerCluster,
    threshold,
    windowSeconds,
    isSliding: counting === "sliding",
  });
  const threshold = burstsPerWindow(inputs, counting);
  const subscriptionLimit =
    limitPerWindow * inputs.subscriptionFactor - inputs.otherLoadPerSecond * windowSeconds * inputs.vaults;
  return {
    vaults: [
      { pool: pool(clustersPerVault + 1, threshold), count: fullerCount },
      { pool: pool(clustersPerVault, threshold), count: inputs.vaults - fullerCount },
    ].filter(({ count }) => count > 0),
    subscription:
      inputs.vaults <= inputs.subscriptionFactor
        ? null
        : pool(inputs.clusters, wholeBursts(subscriptionLimit, inputs)),
  };
}

/** The logarithm of the risk of one refresh spread over `jitterSeconds`. */
export function refreshRisk(inputs: CompleteInputs, counting: Counting, jitterSeconds: number): LogRisk {
  const { vaults, subscription } = poolsOf(inputs, counting);
  const vaultRisk = combineRisks(
    vaults.map(({ pool }) => poolRisk(pool, jitterSeconds)),
    vaults.map(({ count }) => count),
  );
  if (subscription === null) return vaultRisk;
  const subscriptionRisk = poolRisk(subscription, jitterSeconds);
  return {
    perWindow: vaultRisk.perWindow,
    lower: Math.max(vaultRisk.lower, subscriptionRisk.lower),
    upper: Math.min(0, logAdd(vaultRisk.upper, subscriptionRisk.upper)),
    estimate: Math.min(0, logAdd(vaultRisk.estimate, subscriptionRisk.estimate)),
  };
}

/** As probabilities. */
export function boundsOf(risk: LogRisk, counting: Counting): RiskBounds {
  return {
    lower: Math.exp(risk.lower),
    upper: Math.exp(risk.upper),
    ...(counting === "sliding" ? { estimate: Math.exp(risk.estimate) } : {}),
    upperLog10: risk.upper === -Infinity ? null : risk.upper / Math.LN10,
  };
}

/** Rounding of products such as 0.1 · 10 must not cost a burst. */
function wholeBursts(requests: number, inputs: CompleteInputs): number {
  return Math.max(0, Math.floor(requests / (inputs.burst * inputs.requestsPerSecret) + 1e-9));
}
