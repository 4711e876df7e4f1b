/**
 * Writes what is computed in docs/limits.md, docs/jitter.md, docs/jitter.svg and docs/schemas/plan-*.schema.json.
 * Run it with `node scripts/generate-docs/plan.ts` after a change of limits, planner or schemas; test/plan-docs.test.ts
 * fails until then.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { formatOdds, formatPercent } from "../../src/cli/commands/plan/number-format.ts";
import { planSchemas } from "../../src/cli/commands/plan/schemas.ts";
import { limitClasses, limitProfiles, type LimitClass } from "../../src/limits/profiles.ts";
import { serviceLimits } from "../../src/limits/service-limits.ts";
import { planJitter } from "../../src/planner/jitter.ts";
import { planTable, tableAsMarkdown } from "../../src/planner/table.ts";
import { riskPlot } from "./risk-plot.ts";

const docs = new URL("../../docs/", import.meta.url);

/** Path below docs/ and what the file should hold. Reads the pages for their hand-written parts. */
export function generatePlanDocs(): Map<string, string> {
  const files = new Map([
    ["jitter.md", fill("jitter.md", { example: example(), checked: checked(), tables: tables() })],
    ["limits.md", fill("limits.md", { profile: profile(), documents: documents() })],
    ["jitter.svg", riskPlot({ clusters: 700, secretsPerCluster: 30 })],
  ]);
  for (const [name, schema] of Object.entries(planSchemas)) {
    const json = {
      title: `keyweir plan ${name} --json`,
      ...z.toJSONSchema(schema, { target: "draft-2020-12" }),
    };
    files.set(`schemas/plan-${name}.schema.json`, `${formatJson(json)}\n`);
  }
  return files;
}

/** As the formatter of this checkout writes JSON: lists of plain values on one line where they fit. */
function formatJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll(
    /^(.*)\[\n((?:\s+(?:"[^"]*"|[\d.-]+|null|true|false),?\n)+)\s+\](,?)$/gm,
    (all: string, before: string, items: string, comma: string) => {
      const line = `${before}[${items.trim().replaceAll(/,\n\s+/g, ", ")}]${comma}`;
      return line.length <= 110 ? line : all;
    },
  );
}

function fill(path: string, parts: Readonly<Record<string, string>>): string {
  const page = readFileSync(new URL(path, docs), "utf8");
  const text = page.replaceAll(
    /(<!-- generated: (\w+) -->\n)[^]*?(?=<!-- end -->)/g,
    (_all, mark: string, name: string) => `${mark}${parts[name] ?? ""}\n`,
  );
  return text;
}

function example(): string {
  const { guide, byCounting, floorSeconds } = planJitter({ clusters: 700, secretsPerCluster: 30 });
  return [
    "For 700 clusters, 30 secrets and 0.01 %:",
    "",
    "| step | value |",
    "| -- | --: |",
    `| z | ${guide.zScore.toFixed(4)} |`,
    `| T | ${guide.thresholdPerSecond.toFixed(4)} |`,
    `| λ | ${guide.meanPerSecond?.toFixed(4)} |`,
    `| jitter | ${guide.jitterSeconds?.toFixed(2)} s, rounded ${guide.jitterSecondsRounded} s |`,
    `| check | ${formatPercent(guide.riskPerSecond ?? 0)} |`,
    `| check of the table's ${guide.table?.jitterSeconds} s | ${formatPercent(guide.tableRiskPerSecond ?? 0)} |`,
    `| exact, fixed 10 s windows | ${byCounting.fixed.jitterSeconds} s |`,
    `| exact, any 10 s | ${byCounting.sliding.jitterSeconds} s |`,
    `| exact, each second | ${byCounting.second.jitterSeconds} s |`,
    `| floor that no scheme can beat | ${floorSeconds} s |`,
    "",
  ].join("\n");
}

function checked(): string {
  const fleets = [
    [200, 5],
    [700, 30],
    [1000, 50],
    [2000, 20],
    [10_000, 5],
    [10_000, 50],
  ] as const;
  const rows = fleets.map(([clusters, secretsPerCluster]) => {
    const plan = planJitter({ clusters, secretsPerCluster });
    const risks = plan.guideChecked!;
    return `| ${clusters.toLocaleString("en-US")} × ${secretsPerCluster} | ${plan.guide.jitterSecondsRounded} s | ${formatPercent(risks.second.upper)} | ${formatOdds(risks.fixed.upperLog10)} | ${formatOdds(risks.sliding.upperLog10)} | ${plan.byCounting.fixed.jitterSeconds} s |`;
  });
  return [
    "| clusters × secrets | guide | if each second counts | in fixed 10 s windows | in any 10 s | enough for 0.01 % in fixed windows |",
    "| -- | --: | --: | --: | --: | --: |",
    ...rows,
    "",
  ].join("\n");
}

function tables(): string {
  return tableAsMarkdown(planTable({}));
}

const classTitles: Readonly<Record<LimitClass, string>> = {
  other: "secrets and everything not below",
  createOrImport: "set secret, import certificate, import key together",
  keyCreateHsm: "create key, HSM",
  keyCreateSoftware: "create key, software",
  keyUnits: "key operations, in units by type and size",
};

function profile(): string {
  const limits = limitProfiles["azure-2026"];
  const format = (value: number) => value.toLocaleString("en-US");
  return [
    `\`${limits.name}\`, the default; transactions per ${limits.windowSeconds} s:`,
    "",
    "| class | a vault in its region | a subscription in one region |",
    "| -- | --: | --: |",
    ...limitClasses.map(
      (name) =>
        `| ${classTitles[name]} | ${format(limits.vault[name])} | ${format(limits.subscription[name])} |`,
    ),
    "",
    "| key | units of one operation | operations per window alone |",
    "| -- | --: | --: |",
    ...Object.entries(limits.keyOperationUnits).map(
      ([key, units]) => `| ${key} | ${units} | ${format(limits.vault.keyUnits / units)} |`,
    ),
    "",
  ].join("\n");
}

function documents(): string {
  const rows = serviceLimits.map(
    ({ title, value, unit, windowSeconds, scope, source, date, isCurrent, note }) =>
      `| ${title} | ${value.toLocaleString("en-US")} ${unit}${windowSeconds === undefined ? "" : ` per ${windowSeconds} s`} | ${scope} | ${source} | ${date} | ${isCurrent ? "yes" : "no"} | ${note ?? ""} |`,
  );
  return [
    "| what | value | scope | document | date | current | note |",
    "| -- | -- | -- | -- | -- | -- | -- |",
    ...rows,
    "",
  ].join("\n");
}

if (import.meta.main) {
  for (const [path, text] of generatePlanDocs()) writeFileSync(new URL(path, docs), text);
}
