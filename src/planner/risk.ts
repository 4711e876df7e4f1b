import { guideRiskPerSecond } from "./guide.ts";
import { checkJitter, completeInputs, type CompleteInputs, type PlanInputs } from "./inputs.ts";
import {
  checkJitterSeconds,
  floorOf,
  forEachCounting,
  meanRequestsPerWindow,
  type ByCounting,
} from "./jitter.ts";
import { refreshRisk, type RiskBounds } from "./refresh-risk.ts";
import { planWarnings, type PlanWarning } from "./warnings.ts";
import type { Counting } from "./window-risk.ts";

/** The answer of `keyweir plan risk`. Field names are a public interface (docs/schemas/plan-risk.schema.json). */
export interface RiskPlan {
  readonly inputs: CompleteInputs & { readonly jitterSeconds: number };
  readonly guide: { readonly riskPerSecond: number };
  readonly exact: {
    readonly counting: Counting;
    readonly jitterSeconds: number;
    readonly riskPerWindow: number;
    readonly riskPerRefresh: RiskBounds;
  };
  readonly byCounting: ByCounting<RiskBounds>;
  readonly floorSeconds: number;
  readonly worstCaseAgeSeconds: number;
  readonly meanRequestsPerWindow: number;
  readonly warnings: readonly PlanWarning[];
}

/**
 * How likely is a throttled refresh at this jitter (seconds, 0 to 1e12, fractions allowed)? Throws a
 * {@link PlanInputError} that lists every input outside its range.
 */
export function planRisk(given: PlanInputs & { readonly jitterSeconds: number }): RiskPlan {
  const { jitterSeconds } = given;
  const inputs = completeInputs(given);
  checkJitter(jitterSeconds);
  const byCounting = checkJitterSeconds(inputs, jitterSeconds);
  return {
    inputs: { ...inputs, jitterSeconds },
    guide: {
      riskPerSecond: guideRiskPerSecond(
        {
          clusters: inputs.clusters / inputs.vaults,
          secretsPerCluster: inputs.secretsPerCluster,
          limitPerSecond: inputs.limitPerWindow / inputs.windowSeconds,
        },
        jitterSeconds,
      ),
    },
    exact: {
      counting: inputs.counting,
      jitterSeconds,
      riskPerWindow: Math.exp(refreshRisk(inputs, inputs.counting, jitterSeconds).perWindow),
      riskPerRefresh: byCounting[inputs.counting],
    },
    byCounting,
    floorSeconds: floorOf(inputs),
    worstCaseAgeSeconds: inputs.pollIntervalSeconds + jitterSeconds,
    meanRequestsPerWindow: meanRequestsPerWindow(inputs, jitterSeconds),
    warnings: planWarnings(inputs, jitterSeconds, {
      name: "The jitter's",
      seconds: jitterSeconds,
      advice: "Give a longer one or add vaults.",
    }),
  };
}

/** One point of the curve that a page or a plot draws: the upper bounds at this jitter. */
export interface RiskPoint {
  readonly jitterSeconds: number;
  readonly upper: ByCounting<number>;
}

/** The curve of risk over jitter, as log₁₀ of the upper bounds (−Infinity where throttling cannot happen). */
export function riskCurve(given: PlanInputs, jitterSeconds: readonly number[]): RiskPoint[] {
  const inputs = completeInputs(given);
  return jitterSeconds.map((seconds) => ({
    jitterSeconds: seconds,
    upper: forEachCounting((counting) => refreshRisk(inputs, counting, seconds).upper / Math.LN10),
  }));
}
