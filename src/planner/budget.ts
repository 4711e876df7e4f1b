import { completeInputs, freeRates, type CompleteInputs, type PlanInputs } from "./inputs.ts";
import { exactJitter } from "./jitter.ts";
import { boundsOf, countingWindow, refreshRisk, type RiskBounds } from "./refresh-risk.ts";

/** One way to share a vault, as the settings to deploy on every cluster. */
export interface BudgetSetting {
  /** Requests that one cluster may send in any window of its vault; below 1 when clusters outnumber the limit. */
  readonly requestsPerWindow: number;
  /** The same as a share of the vault's limit. */
  readonly shareOfVault: number;
  readonly jitterSeconds: number;
  /** How long a cluster needs for one refresh within its budget, after its jitter. */
  readonly refreshSeconds: number;
  /** Poll interval, jitter and refresh together. */
  readonly worstCaseAgeSeconds: number;
  /** Chance that a refresh of the whole fleet is throttled; zero when the budgets add up to less than the limit. */
  readonly riskPerRefresh: RiskBounds;
}

/** The answer of `keyweir plan budget` (docs/schemas/plan-budget.schema.json). */
export interface BudgetPlan {
  readonly inputs: CompleteInputs;
  /** What is left of a vault for this fleet per window. */
  readonly availablePerWindow: number;
  /** Clusters on the fullest vault. */
  readonly clustersPerVault: number;
  /** Budgets that add up to the limit: never throttled, whatever the fleet does at once. */
  readonly guaranteed: BudgetSetting;
  /** Budgets of one burst, spread by jitter: throttled with the stated chance. Null when no jitter helps. */
  readonly byJitter: BudgetSetting | null;
}

const never: RiskBounds = { lower: 0, upper: 0, upperLog10: null };

/**
 * The share of a vault that each cluster may take. `jitterSeconds` defaults to the exact answer of the plan. Throws a
 * {@link PlanInputError} that lists every input outside its range.
 */
export function planBudget(given: PlanInputs & { readonly jitterSeconds?: number | undefined }): BudgetPlan {
  const inputs = completeInputs(given);
  const { windowSeconds, limitPerWindow } = countingWindow(inputs, inputs.counting);
  const { freeOfVault, freeOfSubscription } = freeRates(inputs);
  const availablePerWindow = freeOfVault * windowSeconds;
  const clustersPerVault = Math.ceil(inputs.clusters / inputs.vaults);
  const fairShare = Math.min(
    availablePerWindow / clustersPerVault,
    (freeOfSubscription * windowSeconds) / inputs.clusters,
  );
  const needed = inputs.secretsPerCluster * inputs.requestsPerSecret;
  const setting = (requestsPerWindow: number, jitterSeconds: number, risk: RiskBounds): BudgetSetting => {
    const refreshSeconds = (Math.ceil(needed / requestsPerWindow - 1e-9) - 1) * windowSeconds;
    return {
      requestsPerWindow,
      shareOfVault: requestsPerWindow / limitPerWindow,
      jitterSeconds,
      refreshSeconds,
      worstCaseAgeSeconds: inputs.pollIntervalSeconds + jitterSeconds + refreshSeconds,
      riskPerRefresh: risk,
    };
  };
  const jitterSeconds = given.jitterSeconds ?? exactJitter(inputs, inputs.counting).jitterSeconds;
  return {
    inputs,
    availablePerWindow,
    clustersPerVault,
    guaranteed: setting(wholeWhereItCan(Math.min(fairShare, needed)), 0, never),
    byJitter:
      jitterSeconds === null
        ? null
        : setting(
            needed,
            jitterSeconds,
            boundsOf(refreshRisk(inputs, inputs.counting, jitterSeconds), inputs.counting),
          ),
  };
}

/** Whole requests from one on; below one, three significant digits. Always rounded down. */
function wholeWhereItCan(requests: number): number {
  if (requests >= 1) return Math.floor(requests + 1e-9);
  const unit = 10 ** (Math.floor(Math.log10(requests)) - 2);
  return Number((Math.floor(requests / unit + 1e-9) * unit).toPrecision(3));
}
