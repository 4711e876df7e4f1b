import { planRisk, type RiskPlan } from "../../../planner/risk.ts";
import { countings } from "../../../planner/window-risk.ts";
import type { CliContext } from "../../context.ts";
import { alignColumns, styleFor, type Style } from "../../terminal.ts";
import { describeCounting } from "./counting-text.ts";
import { inputsOf } from "./fleet-flags.ts";
import { formatDuration, formatNumber, formatOdds, formatPercent, formatSeconds } from "./number-format.ts";
import type { RiskFlags } from "./risk.ts";
import { drawRefresh, printJson, printLines, wrapSentences } from "./screen.ts";
import { withFlagNames } from "./usage.ts";
import { verifyRisk } from "./verify.ts";

/** Prints what `keyweir plan risk` answers. Throws a `UsageError` that names the flags when they do not go together. */
export async function runRisk(this: CliContext, flags: RiskFlags): Promise<void> {
  const plan = withFlagNames(() =>
    planRisk({
      ...inputsOf(flags),
      clusters: flags.clusters,
      secretsPerCluster: flags.secrets,
      jitterSeconds: flags.jitter,
    }),
  );
  const verified = flags.verify
    ? await verifyRisk(this, flags, plan.inputs, flags.jitter, plan.exact.riskPerRefresh)
    : undefined;
  if (flags.json) {
    printJson(this, verified === undefined ? plan : { ...plan, verified: verified.result });
    return;
  }
  printLines(this, riskScreen(plan, styleFor(this.isColor), verified?.lines ?? []));
}

function riskScreen(plan: RiskPlan, style: Style, verified: readonly string[]): string[] {
  const { exact, inputs } = plan;
  const others = countings.filter((counting) => counting !== exact.counting);
  const rows = [
    ["", "throttled refreshes", "at most", "at least", "if the vault serves"],
    ...[exact.counting, ...others].map((counting, index) => {
      const bounds = plan.byCounting[counting];
      return [
        index === 0 ? "exact" : "",
        formatOdds(bounds.upperLog10),
        formatPercent(bounds.upper),
        formatPercent(bounds.lower),
        describeCounting(inputs, counting),
      ];
    }),
  ];
  return [
    `${style.strong(`throttled refreshes: ${formatOdds(exact.riskPerRefresh.upperLog10)}`)}     ` +
      `${formatNumber(inputs.clusters)} clusters × ${formatNumber(inputs.secretsPerCluster)} secrets over ` +
      formatSeconds(inputs.jitterSeconds),
    "",
    ...alignColumns(rows).map((line) => `  ${line}`),
    "",
    ...drawRefresh(inputs, inputs.jitterSeconds),
    "",
    ...wrapSentences([
      `The guide's own check gives ${formatPercent(plan.guide.riskPerSecond)}: the chance that one given second is ` +
        "overloaded, not that of a refresh.",
      `Worst-case age ${formatDuration(plan.worstCaseAgeSeconds)}; no scheme can spread this fleet over less than ` +
        `${formatSeconds(plan.floorSeconds)}.`,
      ...plan.warnings.map(({ message }) => `Note: ${message}`),
    ]),
    ...verified,
    "",
    `Next: keyweir plan jitter --clusters ${inputs.clusters} --secrets ${inputs.secretsPerCluster}`,
  ];
}
