import { buildCommand } from "@stricli/core";
import type { CliContext } from "../../context.ts";
import type { ServiceFlags } from "./fleet-flags.ts";

/** What `keyweir plan limits` takes. */
export interface LimitsFlags {
  /** Without it, what every document says. */
  readonly profile?: ServiceFlags["profile"];
  readonly json: boolean;
}

/** The flags and texts of `keyweir plan limits`; what it runs is loaded when it runs. */
export const limitsCommand = buildCommand<LimitsFlags, [], CliContext>({
  loader: async () => (await import("./run-limits.ts")).runLimits,
  parameters: {
    flags: {
      profile: {
        kind: "enum",
        values: ["azure-2026", "legacy-2000", "strict-second"],
        optional: true,
        placeholder: "NAME",
        brief: "One reading of the documents, as plan and emulator use it (default: what each document says)",
      },
      json: { kind: "boolean", default: false, withNegated: false, brief: "Print one JSON document" },
    },
  },
  docs: {
    brief: "Key Vault's limits, with source and date",
    fullDescription: `Every limit of Key Vault that its documents state, with source and date, also where they contradict each other; or one profile: the consistent reading that planner and emulator use.
Examples:
keyweir plan limits
keyweir plan limits --profile azure-2026`,
  },
});
