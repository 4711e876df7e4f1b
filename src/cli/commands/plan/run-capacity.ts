import { planCapacity, type CapacityAnswer, type CapacityPlan } from "../../../planner/capacity.ts";
import { countings } from "../../../planner/window-risk.ts";
import type { CliContext } from "../../context.ts";
import { UsageError } from "../../exit-code.ts";
import { alignColumns, styleFor, type Style } from "../../terminal.ts";
import type { CapacityFlags } from "./capacity.ts";
import { describeCounting } from "./counting-text.ts";
import { inputsOf } from "./fleet-flags.ts";
import { formatNumber, formatOdds, formatSeconds } from "./number-format.ts";
import { drawRefresh, printJson, printLines, wrapSentences } from "./screen.ts";
import { withFlagNames } from "./usage.ts";

/** Prints what `keyweir plan capacity` answers. Throws a `UsageError` that names the flags when they do not go together. */
export async function runCapacity(this: CliContext, flags: CapacityFlags): Promise<void> {
  if ((flags.clusters === undefined) === (flags.secrets === undefined)) {
    throw new UsageError(
      flags.clusters === undefined
        ? "Give --secrets to learn how many clusters, or --clusters to learn how many secrets."
        : "Give --clusters or --secrets, not both: the other one is the answer.",
    );
  }
  const plan = withFlagNames(() =>
    planCapacity({
      ...inputsOf(flags),
      goal: flags.clusters === undefined ? "clusters" : "secretsPerCluster",
      clusters: flags.clusters,
      secretsPerCluster: flags.secrets,
      jitterSeconds: flags.jitter,
    }),
  );
  if (flags.json) printJson(this, plan);
  else printLines(this, capacityScreen(plan, styleFor(this.isColor)));
}

function capacityScreen(plan: CapacityPlan, style: Style): string[] {
  const { exact, inputs, goal } = plan;
  const unit = goal === "clusters" ? "clusters" : "secrets per cluster";
  const known =
    goal === "clusters"
      ? `${formatNumber(inputs.secretsPerCluster ?? 0)} secrets each`
      : `${formatNumber(inputs.clusters ?? 0)} clusters`;
  const others = countings.filter((counting) => counting !== exact.counting);
  const rows = [
    ["", goal === "clusters" ? "clusters" : "secrets", "throttled refreshes", "if the vault serves"],
    ...[exact.counting, ...others].map((counting, index) => [
      index === 0 ? "exact" : "",
      describeLargest(plan.byCounting[counting], plan.searchLimit),
      formatOdds(plan.byCounting[counting].riskPerRefresh?.upperLog10 ?? null),
      describeCounting(inputs, counting),
    ]),
    ["guide, formula", formatNumber(plan.guide.largest), "-", "read backwards"],
  ];
  const next =
    goal === "clusters" ? [exact.largest, inputs.secretsPerCluster] : [inputs.clusters, exact.largest];
  return [
    `${style.strong(`${unit}: ${describeLargest(exact, plan.searchLimit)}`)}     ${known} over ` +
      `${formatSeconds(inputs.jitterSeconds)} at risk ${inputs.risk}`,
    "",
    ...alignColumns(rows, ["left", "right"]).map((line) => `  ${line}`),
    "",
    ...(exact.largest === 0
      ? wrapSentences([
          goal === "clusters"
            ? "Not even one cluster fits: its burst alone is larger than the limit. Give a smaller --burst."
            : "Not even one secret fits: that many clusters need a longer --jitter or more --vaults.",
        ])
      : [
          ...drawRefresh(
            {
              ...inputs,
              clusters: next[0] ?? 0,
              secretsPerCluster: next[1] ?? 0,
              burst: inputs.burst ?? next[1] ?? 0,
            },
            inputs.jitterSeconds,
          ),
          "",
          `Next: keyweir plan risk --clusters ${next[0]} --secrets ${next[1]} --jitter ${inputs.jitterSeconds}`,
        ]),
  ];
}

function describeLargest(answer: CapacityAnswer, searchLimit: number): string {
  return answer.largest === searchLimit
    ? `${formatNumber(searchLimit)} or more`
    : formatNumber(answer.largest);
}
