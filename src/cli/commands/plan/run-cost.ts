import { listPrice, planCost, type CostPlan, type SchemeCost } from "../../../planner/cost.ts";
import type { CliContext } from "../../context.ts";
import { alignColumns, styleFor, type Style } from "../../terminal.ts";
import type { CostFlags } from "./cost.ts";
import { inputsOf } from "./fleet-flags.ts";
import { formatNumber, formatOdds, formatSeconds } from "./number-format.ts";
import { printJson, printLines, wrapSentences } from "./screen.ts";
import { withFlagNames } from "./usage.ts";

/** Prints what `keyweir plan cost` answers. Throws a `UsageError` that names the flags when they do not go together. */
export async function runCost(this: CliContext, flags: CostFlags): Promise<void> {
  const plan = withFlagNames(() =>
    planCost({
      ...inputsOf(flags),
      clusters: flags.clusters,
      secretsPerCluster: flags.secrets,
      changesPerSecretAndMonth: flags.changes,
      ...(flags.price === undefined
        ? {}
        : { price: { currency: "USD", perTenThousandRequests: flags.price, source: "--price" } }),
    }),
  );
  if (flags.json) printJson(this, plan);
  else printLines(this, costScreen(plan, styleFor(this.isColor)));
}

function costScreen(plan: CostPlan, style: Style): string[] {
  const { inputs, price } = plan;
  const polling = plan.schemes.find(({ scheme }) => scheme === "exact-jitter")!;
  const rows = [
    ["per month", "spread", "throttled", "fresh after", "requests", price.currency],
    ...plan.schemes.map((scheme) => [
      scheme.title,
      formatSeconds(scheme.spreadSeconds),
      describeRisk(scheme),
      formatSeconds(scheme.freshAfterSeconds),
      formatNumber(scheme.requestsPerMonth, 0),
      formatMoney(scheme.costPerMonth),
    ]),
  ];
  return [
    `${style.strong(`${formatMoney(polling.costPerMonth)} ${price.currency} per month`)}     ` +
      `${formatNumber(inputs.clusters)} clusters × ${formatNumber(inputs.secretsPerCluster)} secrets every ` +
      `${formatNumber(inputs.pollIntervalSeconds)} s`,
    "",
    ...alignColumns(rows, ["left", "right", "right", "right", "right", "right"]).map((line) => ` ${line}`),
    "",
    ...wrapSentences([
      `${formatMoney(price.perTenThousandRequests)} ${price.currency} for 10,000 requests (${price.source}); a month ` +
        `of 30 days; each secret changes ${formatNumber(inputs.changesPerSecretAndMonth)} times in it. ` +
        "Spread: the shortest that is safe. Hashed phase: each cluster keeps its own place in the interval. Fleet slots: " +
        "turns by fleet index. Adaptive: slower after each 429. List first: list, then read what changed. Hub: one " +
        "reader per vault for clusters that share their secrets.",
      ...(price === listPrice ? ["Prices differ by region and contract: give yours with --price."] : []),
    ]),
  ];
}

function describeRisk({ scheme, spreadSeconds, riskPerRefresh }: SchemeCost): string {
  if (scheme === "adaptive") return "at first";
  if (spreadSeconds === null || riskPerRefresh === null) return "-";
  if (riskPerRefresh === 0) return "never";
  return formatOdds(Math.log10(riskPerRefresh)).replace(" of refreshes", "").replace(" refresh", " time");
}

function formatMoney(amount: number): string {
  return amount.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}
