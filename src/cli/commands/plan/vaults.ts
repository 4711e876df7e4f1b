import { buildCommand } from "@stricli/core";
import type { CliContext } from "../../context.ts";
import { text } from "../../flag-parsers.ts";

/** What `keyweir plan vaults` takes, beside the layout file. */
export interface VaultsFlags {
  readonly write?: string;
  readonly json: boolean;
}

/** The flags and texts of `keyweir plan vaults`; what it runs is loaded when it runs. */
export const vaultsCommand = buildCommand<VaultsFlags, [string], CliContext>({
  loader: async () => (await import("./run-vaults.ts")).runVaults,
  parameters: {
    flags: {
      write: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "FOLDER",
        brief: "Write Bicep and Terraform for each subscription and the fail-over runbook into this folder",
      },
      json: { kind: "boolean", default: false, withNegated: false, brief: "Print one JSON document" },
    },
    positional: {
      kind: "tuple",
      parameters: [
        {
          parse: text,
          placeholder: "LAYOUT.yaml",
          brief: "Applications, environments, regions and their loads",
        },
      ],
    },
  },
  docs: {
    brief: "Which vaults and subscriptions a set of applications needs",
    fullDescription: `Which vaults a set of applications needs: one for each application, environment and region; how full each limit gets per vault, subscription and region; when a second subscription is needed. Writes Bicep, Terraform and a fail-over runbook.
Examples:
keyweir plan vaults docs/examples/layout.yaml
keyweir plan vaults docs/examples/layout.yaml --write out`,
  },
});
