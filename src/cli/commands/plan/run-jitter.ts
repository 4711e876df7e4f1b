import { planJitter, type ExactAnswer, type JitterPlan } from "../../../planner/jitter.ts";
import type { RiskBounds } from "../../../planner/refresh-risk.ts";
import { countings, type Counting } from "../../../planner/window-risk.ts";
import type { CliContext } from "../../context.ts";
import { alignColumns, styleFor, type Style } from "../../terminal.ts";
import { describeCounting } from "./counting-text.ts";
import { inputsOf } from "./fleet-flags.ts";
import type { JitterFlags } from "./jitter.ts";
import { formatDuration, formatNumber, formatOdds, formatPercent, formatSeconds } from "./number-format.ts";
import { drawRefresh, printJson, printLines, wrapSentences } from "./screen.ts";
import { withFlagNames } from "./usage.ts";
import { verifyRisk } from "./verify.ts";

/** Prints what `keyweir plan jitter` answers. Throws a `UsageError` that names the flags when they do not go together. */
export async function runJitter(this: CliContext, flags: JitterFlags): Promise<void> {
  const plan = withFlagNames(() =>
    planJitter({
      ...inputsOf(flags),
      clusters: flags.clusters,
      secretsPerCluster: flags.secrets,
      maximumAgeSeconds: flags.maxAge,
    }),
  );
  const seconds = plan.exact.jitterSeconds;
  const verified =
    flags.verify && seconds !== null
      ? await verifyRisk(this, flags, plan.inputs, seconds, plan.exact.riskPerRefresh)
      : undefined;
  if (flags.json) {
    printJson(this, verified === undefined ? plan : { ...plan, verified: verified.result });
    return;
  }
  printLines(this, jitterScreen(plan, styleFor(this.isColor), verified?.lines ?? []));
}

function jitterScreen(plan: JitterPlan, style: Style, verified: readonly string[]): string[] {
  const { exact, guide, inputs } = plan;
  if (exact.jitterSeconds === null) {
    return [
      style.strong(`no jitter is enough for ${describeFleet(plan)}`),
      "",
      ...wrapSentences([exact.noAnswer ?? ""]),
      "",
      ...answerTable(plan),
      "",
      ...wrapSentences([guide.noAnswer ?? "", ...plan.warnings.map(({ message }) => `Note: ${message}`)]),
    ];
  }
  const age = formatDuration(plan.worstCaseAgeSeconds ?? 0);
  return [
    `${style.strong(`jitterSeconds: ${exact.jitterSeconds}`)}     worst-case age ${age} ` +
      `(poll ${formatNumber(inputs.pollIntervalSeconds)} s + jitter)`,
    "",
    ...answerTable(plan),
    "",
    ...drawRefresh(inputs, exact.jitterSeconds),
    "",
    ...wrapSentences(explain(plan)),
    ...(plan.warnings.length === 0
      ? []
      : ["", ...wrapSentences(plan.warnings.map(({ message }) => `Note: ${message}`))]),
    ...verified,
    "",
    `Next: keyweir plan budget --clusters ${inputs.clusters} --secrets ${inputs.secretsPerCluster} --jitter ${exact.jitterSeconds}`,
  ];
}

function describeFleet({ inputs }: JitterPlan): string {
  return `${formatNumber(inputs.clusters)} clusters × ${formatNumber(inputs.secretsPerCluster)} secrets`;
}

/** Every answer with what it means for one refresh. */
function answerTable(plan: JitterPlan): string[] {
  const { guide, inputs } = plan;
  const rows: string[][] = [["", "jitter", "throttled refreshes", "if the vault serves"]];
  const checked = (name: string, seconds: number, risks: Readonly<Record<Counting, RiskBounds>>) => {
    const shown = (["second", inputs.counting === "second" ? "fixed" : inputs.counting] as const).map(
      (counting) => [formatOdds(risks[counting].upperLog10), describeCounting(inputs, counting)],
    );
    shown.forEach((cells, index) =>
      rows.push([index === 0 ? name : "", index === 0 ? formatSeconds(seconds) : "", ...cells]),
    );
  };
  if (plan.guideChecked === null || guide.jitterSecondsRounded === null) {
    rows.push(["guide, formula", "none", "-", "no answer, see below"]);
  } else checked("guide, formula", guide.jitterSecondsRounded, plan.guideChecked);
  if (guide.table !== null && plan.tableChecked !== null) {
    checked("guide, table", guide.table.jitterSeconds, plan.tableChecked);
  }
  rows.push([
    "guide, basic way",
    formatSeconds(guide.basicJitterSeconds),
    formatOdds(plan.basicChecked[inputs.counting].upperLog10),
    describeCounting(inputs, inputs.counting),
  ]);
  const others = countings.filter((counting) => counting !== inputs.counting);
  for (const counting of [inputs.counting, ...others]) {
    rows.push(exactRow(plan, counting === inputs.counting ? "exact" : "", plan.byCounting[counting]));
  }
  rows.push(["no scheme beats", formatSeconds(plan.floorSeconds), "-", "slots handed out in order"]);
  return alignColumns(rows, ["left", "right"]).map((line) => `  ${line}`);
}

function exactRow(plan: JitterPlan, name: string, answer: ExactAnswer): string[] {
  return [
    name,
    formatSeconds(answer.jitterSeconds),
    answer.jitterSeconds === null ? "-" : formatOdds(answer.riskPerRefresh.upperLog10),
    describeCounting(plan.inputs, answer.counting),
  ];
}

function explain(plan: JitterPlan): string[] {
  const { guide, inputs, byCounting, exact } = plan;
  const sentences: string[] = [];
  if (guide.noAnswer !== undefined)
    sentences.push(`${guide.noAnswer} The exact answer needs no such formula.`);
  if (guide.riskPerSecond !== null && guide.jitterSecondsRounded !== null && exact.jitterSeconds !== null) {
    sentences.push(
      `The guide bounds the chance that one given second is overloaded (${formatPercent(guide.riskPerSecond)} at ` +
        `${guide.jitterSeconds?.toFixed(2)} s), not that of a whole refresh. ${compare(plan)}`,
    );
  }
  if (guide.table !== null && guide.tableRiskPerSecond !== null) {
    sentences.push(
      `The table's ${formatSeconds(guide.table.jitterSeconds)} are those of ${formatNumber(guide.table.clusters)} ` +
        `clusters × ${guide.table.secretsPerCluster} secrets; here the chance per second is ` +
        `${formatPercent(guide.tableRiskPerSecond)}.`,
    );
  }
  const cautious = byCounting.second.jitterSeconds;
  if (inputs.counting !== "second" && cautious !== null && cautious > 0 && cautious <= 86_400) {
    sentences.push(
      `If you do not trust the window, take ${formatSeconds(cautious)}: it holds even if each second counted.`,
    );
  }
  if (exact.jitterSeconds !== null && exact.jitterSeconds > 0) {
    sentences.push(
      `${formatSeconds(exact.jitterSeconds)} is ${formatNumber(exact.jitterSeconds / plan.floorSeconds)} times the ` +
        "floor that no scheme can beat.",
    );
  }
  return sentences;
}

function compare({ guide, exact, inputs }: JitterPlan): string {
  const guideSeconds = guide.jitterSecondsRounded ?? 0;
  const exactSeconds = exact.jitterSeconds ?? 0;
  if (inputs.counting === "second") {
    return `Counted in each second, a refresh needs ${formatSeconds(exactSeconds)} for the accepted risk.`;
  }
  if (guideSeconds <= exactSeconds) return "Here its answer is not longer than the exact one.";
  const times =
    exactSeconds === 0
      ? ""
      : `, so its answer is ${formatNumber(guideSeconds / exactSeconds)} times too long`;
  return `Key Vault counts ${formatNumber(inputs.windowSeconds)} s windows${times}.`;
}
