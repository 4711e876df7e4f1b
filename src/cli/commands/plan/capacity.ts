import { buildCommand } from "@stricli/core";
import type { CliContext } from "../../context.ts";
import { clustersFlag, jitterFlag, secretsFlag, serviceFlags, type ServiceFlags } from "./fleet-flags.ts";

/** What `keyweir plan capacity` takes. */
export interface CapacityFlags extends ServiceFlags {
  readonly clusters?: number;
  readonly secrets?: number;
  readonly jitter: number;
}

/** The flags and texts of `keyweir plan capacity`; what it runs is loaded when it runs. */
export const capacityCommand = buildCommand<CapacityFlags, [], CliContext>({
  loader: async () => (await import("./run-capacity.ts")).runCapacity,
  parameters: {
    flags: {
      jitter: jitterFlag,
      clusters: { ...clustersFlag, optional: true, brief: "Clusters; the answer is then the most secrets" },
      secrets: {
        ...secretsFlag,
        optional: true,
        brief: "Secrets per cluster; the answer is then the most clusters",
      },
      ...serviceFlags,
    },
  },
  docs: {
    brief: "How many clusters or secrets a given jitter carries",
    fullDescription: `The largest fleet that a given jitter carries within the accepted risk. Give --secrets to learn how many clusters, or --clusters to learn how many secrets each may read.
Examples:
keyweir plan capacity --jitter 75 --secrets 30
keyweir plan capacity --jitter 600 --clusters 2000 --vaults 2`,
  },
});
