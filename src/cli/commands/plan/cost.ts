import { buildCommand } from "@stricli/core";
import type { CliContext } from "../../context.ts";
import { clustersFlag, decimal, secretsFlag, serviceFlags, type ServiceFlags } from "./fleet-flags.ts";

/** What `keyweir plan cost` takes. */
export interface CostFlags extends ServiceFlags {
  readonly clusters: number;
  readonly secrets: number;
  readonly changes: number;
  readonly price?: number;
}

/** The flags and texts of `keyweir plan cost`; what it runs is loaded when it runs. */
export const costCommand = buildCommand<CostFlags, [], CliContext>({
  loader: async () => (await import("./run-cost.ts")).runCost,
  parameters: {
    flags: {
      clusters: clustersFlag,
      secrets: secretsFlag,
      changes: {
        kind: "parsed",
        parse: decimal({ minimum: 0, maximum: 1_000_000, isWhole: false }, "1"),
        default: "1",
        placeholder: "N",
        brief: "How often each secret changes in a month",
      },
      price: {
        kind: "parsed",
        parse: decimal({ minimum: 0, maximum: 1000, isWhole: false }, "0.03"),
        optional: true,
        placeholder: "USD",
        brief: "Price of 10,000 requests (default the list price)",
      },
      ...serviceFlags,
    },
  },
  docs: {
    brief: "Requests and money per month, scheme by scheme",
    fullDescription: `What keeping a fleet fresh costs: requests and money per month for each scheme side by side, with the time to fresh and the risk that each one brings.
Examples:
keyweir plan cost --clusters 10000 --secrets 20
keyweir plan cost --clusters 700 --secrets 30 --interval 600 --changes 4`,
  },
});
