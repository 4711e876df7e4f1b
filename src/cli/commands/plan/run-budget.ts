import { planBudget, type BudgetPlan, type BudgetSetting } from "../../../planner/budget.ts";
import type { CliContext } from "../../context.ts";
import { styleFor, type Style } from "../../terminal.ts";
import type { BudgetFlags } from "./budget.ts";
import { inputsOf } from "./fleet-flags.ts";
import { formatDuration, formatNumber, formatOdds } from "./number-format.ts";
import { printJson, printLines, wrapSentences } from "./screen.ts";
import { withFlagNames } from "./usage.ts";

/** Prints what `keyweir plan budget` answers. Throws a `UsageError` that names the flags when they do not go together. */
export async function runBudget(this: CliContext, flags: BudgetFlags): Promise<void> {
  const plan = withFlagNames(() =>
    planBudget({
      ...inputsOf(flags),
      clusters: flags.clusters,
      secretsPerCluster: flags.secrets,
      jitterSeconds: flags.jitter,
    }),
  );
  if (flags.json) printJson(this, plan);
  else printLines(this, budgetScreen(plan, styleFor(this.isColor)));
}

function budgetScreen(plan: BudgetPlan, style: Style): string[] {
  const { guaranteed, byJitter, inputs } = plan;
  const window = `${formatNumber(inputs.windowSeconds)} s`;
  const first = byJitter ?? guaranteed;
  return [
    `${style.strong(`vaultBudget: ${formatNumber(first.requestsPerWindow, 3)} requests per ${window}`)}     ` +
      `${formatNumber(plan.clustersPerVault)} clusters share ${formatNumber(plan.availablePerWindow)}`,
    "",
    ...(byJitter === null
      ? wrapSentences(["No jitter is enough for this fleet and risk; keyweir plan jitter says why."])
      : [
          `  with jitter: throttled refreshes ${formatOdds(byJitter.riskPerRefresh.upperLog10)}, ` +
            `worst-case age ${formatDuration(byJitter.worstCaseAgeSeconds)}`,
          ...settings(byJitter, inputs.pollIntervalSeconds),
        ]),
    "",
    `  guaranteed: never throttled, worst-case age ${formatDuration(guaranteed.worstCaseAgeSeconds)}`,
    ...settings(guaranteed, inputs.pollIntervalSeconds),
    "",
    ...wrapSentences([
      `The guaranteed budgets of all clusters add up to what the vault serves in ${window}, so it holds even when all ` +
        `refresh at once; one refresh then takes ${formatDuration(guaranteed.refreshSeconds)}. With jitter a cluster ` +
        "asks for everything in one go, at a moment of its own.",
      ...(guaranteed.requestsPerWindow < 1
        ? [
            `A share below one request per window means one request every ` +
              `${formatDuration(inputs.windowSeconds / guaranteed.requestsPerWindow)}: more --vaults or a hub help.`,
          ]
        : []),
    ]),
    "",
    `Next: keyweir plan cost --clusters ${inputs.clusters} --secrets ${inputs.secretsPerCluster}`,
  ];
}

/** As Helm values. */
function settings(setting: BudgetSetting, pollIntervalSeconds: number): string[] {
  return [
    `    rotationPollIntervalInSeconds: ${pollIntervalSeconds}`,
    `    jitterSeconds: ${setting.jitterSeconds}`,
    `    vaultBudget: ${setting.requestsPerWindow}`,
  ];
}
