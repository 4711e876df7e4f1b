import { buildRouteMap } from "@stricli/core";
import { budgetCommand } from "./budget.ts";
import { capacityCommand } from "./capacity.ts";
import { costCommand } from "./cost.ts";
import { jitterCommand } from "./jitter.ts";
import { limitsCommand } from "./limits.ts";
import { riskCommand } from "./risk.ts";
import { tableCommand } from "./table.ts";
import { vaultsCommand } from "./vaults.ts";

/** `keyweir plan`: what a platform engineer asks before a rollout. */
export const planRoutes = buildRouteMap({
  routes: {
    jitter: jitterCommand,
    risk: riskCommand,
    capacity: capacityCommand,
    table: tableCommand,
    vaults: vaultsCommand,
    budget: budgetCommand,
    cost: costCommand,
    limits: limitsCommand,
  },
  docs: {
    brief: "Jitter, budgets, vaults and cost, before a rollout",
    fullDescription: `What to know before a rollout: how far a fleet must spread so that its vaults do not throttle, how sure that is, how many vaults it needs and what it costs. Pure arithmetic: nothing is contacted.
Examples:
keyweir plan jitter --clusters 700 --secrets 30
keyweir plan table
keyweir plan limits`,
  },
});
