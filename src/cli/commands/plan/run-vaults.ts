import { limitClasses, type LimitClass } from "../../../limits/profiles.ts";
import { parseLayout } from "../../../planner/layout-file.ts";
import { layoutAsBicep, layoutAsRunbook, layoutAsTerraform } from "../../../planner/layout-writers.ts";
import {
  planVaults,
  type ClassLoad,
  type LayoutPlan,
  type VaultPlan,
} from "../../../planner/vault-layout.ts";
import type { CliContext } from "../../context.ts";
import { readUserFile, writeUserFile } from "../../files.ts";
import { alignColumns, styleFor, type Style } from "../../terminal.ts";
import { formatNumber, formatPercent, formatSeconds } from "./number-format.ts";
import { printJson, printLines, wrapSentences } from "./screen.ts";
import type { VaultsFlags } from "./vaults.ts";

/** Prints what `keyweir plan vaults` answers. Throws a `UserError` that names the file or its lines. */
export async function runVaults(this: CliContext, flags: VaultsFlags, path: string): Promise<void> {
  const plan = planVaults(parseLayout(await readUserFile(this, path, "LAYOUT.yaml")));
  const written = flags.write === undefined ? [] : await writeFiles(this, plan, flags.write);
  if (flags.json) {
    printJson(this, plan);
    return;
  }
  printLines(this, [
    ...layoutScreen(plan, styleFor(this.isColor)),
    "",
    ...(written.length === 0
      ? [`Next: keyweir plan vaults ${path} --write FOLDER`]
      : [`Written: ${written.join(", ")}`]),
  ]);
}

async function writeFiles(context: CliContext, plan: LayoutPlan, folder: string): Promise<string[]> {
  const files: [name: string, text: string][] = plan.subscriptions.flatMap(({ name }) => [
    [`${name}.bicep`, layoutAsBicep(plan, name)],
    [`${name}.tf`, layoutAsTerraform(plan, name)],
  ]);
  files.push(["failover.md", layoutAsRunbook(plan)]);
  const paths: string[] = [];
  for (const [name, text] of files) {
    const path = `${folder.replace(/\/+$/, "")}/${name}`;
    await writeUserFile(context, path, text, "--write");
    paths.push(path);
  }
  return paths;
}

/** More rows than a person reads; `--json` has them all. */
const shownVaults = 40;

function layoutScreen(plan: LayoutPlan, style: Style): string[] {
  const { vaults, subscriptions } = plan;
  const regionCount = new Set(vaults.map(({ region }) => region)).size;
  const shown = vaults.slice(0, shownVaults);
  const rowOf = (vault: VaultPlan) => [
    `  ${vault.name}`,
    fullest(vault.utilisation),
    formatNumber(vault.steadyPerWindow),
    formatPercent(vault.riskPerRefresh),
    vault.failover.region === null
      ? "no other region"
      : `${vault.failover.region}${vault.failover.vault === null ? " (new)" : ""}, ${formatPercent(vault.failover.utilisation)}`,
  ];
  const vaultRows = [
    ["vault", "peak", "steady", "throttled", "fail-over to"],
    ...[...new Set(shown.map(({ subscription }) => subscription))].flatMap((name) => [
      [name],
      ...shown.filter(({ subscription }) => subscription === name).map(rowOf),
    ]),
  ];
  const subscriptionRows = [
    ["subscription", "region", "vaults", "of five vaults' limit"],
    ...subscriptions.flatMap(({ name, regions }) =>
      regions.map(({ region, vaultCount, utilisation }, index) => [
        index === 0 ? name : "",
        region,
        formatNumber(vaultCount),
        fullest(utilisation),
      ]),
    ),
  ];
  const title =
    `${formatNumber(vaults.length)} vaults in ${formatNumber(subscriptions.length)} ` +
    (subscriptions.length === 1 ? "subscription" : "subscriptions");
  const needed = vaults.find(({ riskPerRefresh }) => riskPerRefresh > plan.inputs.risk);
  return [
    `${style.strong(title)}     ${formatNumber(plan.inputs.applications.length)} applications, ` +
      `${formatNumber(regionCount)} regions`,
    "",
    ...alignColumns(vaultRows, ["left", "left", "right", "right"]).map((line) => `  ${line}`),
    ...(vaults.length > shownVaults
      ? [`  and ${formatNumber(vaults.length - shownVaults)} more: --json`]
      : []),
    "",
    ...alignColumns(subscriptionRows, ["left", "left", "right"]).map((line) => `  ${line}`),
    "",
    ...wrapSentences([
      "Peak: the fullest limit while all clusters of a vault refresh. Steady: reads per window on average. " +
        "Throttled: the chance for one refresh.",
      ...(subscriptions.length > 1
        ? [
            "One subscription is not enough: its vaults in one region share five times one vault's limit, and it is " +
              `full at ${formatPercent(plan.inputs.fullAt)} of that.`,
          ]
        : []),
      ...plan.warnings.map((warning) => `Note: ${warning}.`),
      ...(needed === undefined || needed.neededJitterSeconds === null
        ? []
        : [`${needed.name} is safe from jitterSeconds ${formatSeconds(needed.neededJitterSeconds)} on.`]),
    ]),
  ];
}

const classNames: Readonly<Record<LimitClass, string>> = {
  other: "reads",
  createOrImport: "writes",
  keyCreateHsm: "new HSM keys",
  keyCreateSoftware: "new keys",
  keyUnits: "key operations",
};

function fullest(utilisation: ClassLoad): string {
  const name = limitClasses.reduce((most, next) => (utilisation[next] > utilisation[most] ? next : most));
  return `${formatPercent(utilisation[name])} ${classNames[name]}`;
}
