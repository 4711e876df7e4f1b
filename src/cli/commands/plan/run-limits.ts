import { limitClasses, limitProfiles, type LimitProfile } from "../../../limits/profiles.ts";
import { serviceLimits } from "../../../limits/service-limits.ts";
import type { CliContext } from "../../context.ts";
import { alignColumns, styleFor, type Style, wrap } from "../../terminal.ts";
import type { LimitsFlags } from "./limits.ts";
import { formatNumber } from "./number-format.ts";
import { printJson, printLines, wrapSentences } from "./screen.ts";

/** Prints what `keyweir plan limits` answers. Never fails. */
export async function runLimits(this: CliContext, flags: LimitsFlags): Promise<void> {
  const profiles =
    flags.profile === undefined ? Object.values(limitProfiles) : [limitProfiles[flags.profile]];
  if (flags.json) {
    printJson(this, { limits: serviceLimits, profiles });
    return;
  }
  const style = styleFor(this.isColor);
  printLines(this, flags.profile === undefined ? documentsScreen(style) : profileScreen(profiles[0]!, style));
}

const classTitles = {
  other: "secrets and all not below",
  createOrImport: "set secret, import cert. or key",
  keyCreateHsm: "create key, HSM",
  keyCreateSoftware: "create key, software",
  keyUnits: "key operations, weighted units",
} as const;

function profileScreen(profile: LimitProfile, style: Style): string[] {
  const window = `per ${formatNumber(profile.windowSeconds)} s`;
  const classes = limitClasses.map((name) => [
    classTitles[name],
    formatNumber(profile.vault[name]),
    formatNumber(profile.subscription[name]),
  ]);
  const joined = limitClasses.filter((name) => profile.countedAs[name] !== name);
  const units = Object.entries(profile.keyOperationUnits).map(([key, cost]) => [
    key,
    formatNumber(cost),
    formatNumber(Math.floor(profile.vault.keyUnits / cost)),
  ]);
  return [
    style.strong(`${profile.name}: ${profile.title}`),
    "",
    ...alignColumns(
      [[`transactions ${window}`, "vault and region", "subscription, region"], ...classes],
      ["left", "right", "right"],
    ).map((line) => `  ${line}`),
    "",
    ...alignColumns(
      [["key operation", "units", `alone ${window}`], ...units],
      ["left", "right", "right"],
    ).map((line) => `  ${line}`),
    "",
    ...wrapSentences([
      `All vaults of one subscription in one region share ${profile.subscriptionFactor} times a vault's limit.`,
      ...joined.map(
        (name) => `Counted together: ${classTitles[name]}; ${classTitles[profile.countedAs[name]]}.`,
      ),
    ]),
    "",
    "Next: keyweir plan limits",
  ];
}

function documentsScreen(style: Style): string[] {
  const lines: string[] = [];
  for (const source of new Set(serviceLimits.map((limit) => limit.source))) {
    lines.push(style.strong(source), "");
    for (const limit of serviceLimits.filter((row) => row.source === source)) {
      const window = limit.windowSeconds === undefined ? "" : ` per ${limit.windowSeconds} s`;
      const status = limit.isCurrent ? "" : ", superseded";
      lines.push(
        ...hang(`${formatNumber(limit.value)} ${limit.unit}${window}, ${limit.scope}: ${limit.title}`),
        ...hang(`${limit.date}${status}${limit.note === undefined ? "" : `. ${limit.note}`}`, "    "),
      );
    }
    lines.push("");
  }
  return [...lines, "Next: keyweir plan limits --profile azure-2026"];
}

function hang(text: string, indent = "  "): string[] {
  return wrap(text, 78 - indent.length).map((line, index) => (index === 0 ? indent : `${indent}  `) + line);
}
