import { buildCommand } from "@stricli/core";
import type { CliContext } from "../../context.ts";
import {
  clustersFlag,
  jitterFlag,
  secretsFlag,
  serviceFlags,
  type ServiceFlags,
  verifyFlags,
  type VerifyFlags,
} from "./fleet-flags.ts";

/** What `keyweir plan risk` takes. */
export interface RiskFlags extends ServiceFlags, VerifyFlags {
  readonly clusters: number;
  readonly secrets: number;
  readonly jitter: number;
}

/** The flags and texts of `keyweir plan risk`; what it runs is loaded when it runs. */
export const riskCommand = buildCommand<RiskFlags, [], CliContext>({
  loader: async () => (await import("./run-risk.ts")).runRisk,
  parameters: {
    flags: {
      clusters: clustersFlag,
      secrets: secretsFlag,
      jitter: jitterFlag,
      ...serviceFlags,
      ...verifyFlags,
    },
  },
  docs: {
    brief: "How likely a throttled refresh is at a given jitter",
    fullDescription: `How likely it is that a refresh of the whole fleet is throttled when it is spread over --jitter seconds, for each way in which the vault may count.
Examples:
keyweir plan risk --clusters 700 --secrets 30 --jitter 190
keyweir plan risk --clusters 700 --secrets 30 --jitter 65 --verify`,
  },
});
