import { buildCommand } from "@stricli/core";
import type { CliContext } from "../../context.ts";
import { clustersFlag, jitterFlag, secretsFlag, serviceFlags, type ServiceFlags } from "./fleet-flags.ts";

/** What `keyweir plan budget` takes. */
export interface BudgetFlags extends ServiceFlags {
  readonly clusters: number;
  readonly secrets: number;
  readonly jitter?: number;
}

/** The flags and texts of `keyweir plan budget`; what it runs is loaded when it runs. */
export const budgetCommand = buildCommand<BudgetFlags, [], CliContext>({
  loader: async () => (await import("./run-budget.ts")).runBudget,
  parameters: {
    flags: {
      clusters: clustersFlag,
      secrets: secretsFlag,
      jitter: {
        ...jitterFlag,
        optional: true,
        brief: "jitterSeconds (default the exact answer of plan jitter)",
      },
      ...serviceFlags,
    },
  },
  docs: {
    brief: "The share of a vault for each cluster, as settings to deploy",
    fullDescription: `The share of a vault that each cluster of a fleet may take, as the settings to deploy: one that is never throttled whatever the clusters do at once, and one that relies on jitter.
Examples:
keyweir plan budget --clusters 700 --secrets 30 --jitter 75
keyweir plan budget --clusters 10000 --secrets 50 --vaults 5`,
  },
});
