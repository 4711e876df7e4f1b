import { serviceLimit } from "../limits/service-limits.ts";
import { guideJitter } from "./guide.ts";
import { completeInputs, type CompleteInputs, type PlanInputs } from "./inputs.ts";
import { exactJitter, floorOf } from "./jitter.ts";
import { boundsOf, refreshRisk } from "./refresh-risk.ts";

/** What requests cost. */
export interface Price {
  readonly currency: string;
  readonly perTenThousandRequests: number;
  readonly source: string;
}

/** Secrets of a standard vault, list price; regions and contracts differ. */
export const listPrice: Price = {
  currency: "USD",
  perTenThousandRequests: 0.03,
  source: "Key Vault pricing, standard secrets operations, 2026",
};

/** Ways to keep a fleet fresh. */
export type Scheme =
  | "none"
  | "guide-jitter"
  | "exact-jitter"
  | "hashed"
  | "slotted"
  | "adaptive"
  | "list-first"
  | "hub";

/** One scheme's price and promise. */
export interface SchemeCost {
  readonly scheme: Scheme;
  /** What it does, in a few words. */
  readonly title: string;
  /** Shortest safe time over which a refresh is spread; null when there is none. */
  readonly spreadSeconds: number | null;
  /** Upper bound of the chance that a refresh is throttled; null when the scheme learns from being throttled. */
  readonly riskPerRefresh: number | null;
  /** Longest time until a change in the vault is in every cluster; null without a safe spread. */
  readonly freshAfterSeconds: number | null;
  readonly requestsPerMonth: number;
  readonly costPerMonth: number;
}

/** The answer of `keyweir plan cost` (docs/schemas/plan-cost.schema.json). */
export interface CostPlan {
  readonly inputs: CompleteInputs & { readonly changesPerSecretAndMonth: number };
  readonly price: Price;
  /** 30 days. */
  readonly monthSeconds: number;
  readonly schemes: readonly SchemeCost[];
}

const monthSeconds = 30 * 86_400;

/**
 * Requests and money per month for each scheme side by side. `changesPerSecretAndMonth` (default 1) matters where only
 * changed secrets are read. The hub reads each secret once per vault, for clusters that share their secrets. Throws a
 * {@link PlanInputError} that lists every input outside its range.
 */
export function planCost(
  given: PlanInputs & {
    readonly changesPerSecretAndMonth?: number | undefined;
    readonly price?: Price | undefined;
  },
): CostPlan {
  const inputs = completeInputs(given);
  const changes = given.changesPerSecretAndMonth ?? 1;
  const price = given.price ?? listPrice;
  return {
    inputs: { ...inputs, changesPerSecretAndMonth: changes },
    price,
    monthSeconds,
    schemes: promisesOf(inputs, changes).map((promise) => ({
      ...promise,
      costPerMonth: (promise.requestsPerMonth / 10_000) * price.perTenThousandRequests,
    })),
  };
}

function promisesOf(inputs: CompleteInputs, changes: number): Omit<SchemeCost, "costPerMonth">[] {
  const { pollIntervalSeconds: interval, counting, requestsPerSecret } = inputs;
  const polls = monthSeconds / interval;
  const reads = inputs.clusters * inputs.secretsPerCluster * requestsPerSecret * polls;
  const pages = Math.ceil(inputs.secretsPerCluster / serviceLimit("list-page-items"));
  const changed = inputs.secretsPerCluster * changes;
  const riskAt = (fleet: CompleteInputs, seconds: number | null) =>
    seconds === null ? null : boundsOf(refreshRisk(fleet, counting, seconds), counting).upper;
  const guide = guideJitter({
    clusters: inputs.clusters / inputs.vaults,
    secretsPerCluster: inputs.secretsPerCluster,
    risk: inputs.risk,
    limitPerSecond: inputs.limitPerWindow / inputs.windowSeconds,
  }).jitterSecondsRounded;
  const exact = exactJitter(inputs, counting).jitterSeconds;
  const listing: CompleteInputs = { ...inputs, secretsPerCluster: pages, burst: pages };
  const listSpread = exactJitter(listing, counting).jitterSeconds;
  const floor = Math.ceil(floorOf(inputs));
  const after = (seconds: number | null) => (seconds === null ? null : interval + seconds);
  return [
    {
      scheme: "none",
      title: "all at once",
      spreadSeconds: 0,
      riskPerRefresh: riskAt(inputs, 0),
      freshAfterSeconds: interval,
      requestsPerMonth: reads,
    },
    {
      scheme: "guide-jitter",
      title: "jitter by the guide",
      spreadSeconds: guide,
      riskPerRefresh: riskAt(inputs, guide),
      freshAfterSeconds: after(guide),
      requestsPerMonth: reads,
    },
    {
      scheme: "exact-jitter",
      title: "jitter, exact",
      spreadSeconds: exact,
      riskPerRefresh: riskAt(inputs, exact),
      freshAfterSeconds: after(exact),
      requestsPerMonth: reads,
    },
    {
      scheme: "hashed",
      title: "hashed phase",
      spreadSeconds: interval,
      riskPerRefresh: riskAt(inputs, interval),
      freshAfterSeconds: interval,
      requestsPerMonth: reads,
    },
    {
      scheme: "slotted",
      title: "fleet slots",
      spreadSeconds: floor,
      riskPerRefresh: floor <= interval ? 0 : 1,
      freshAfterSeconds: interval + floor,
      requestsPerMonth: reads,
    },
    {
      scheme: "adaptive",
      title: "adaptive",
      spreadSeconds: floor,
      riskPerRefresh: null,
      freshAfterSeconds: interval + floor,
      requestsPerMonth: reads,
    },
    {
      scheme: "list-first",
      title: "list first",
      spreadSeconds: listSpread,
      riskPerRefresh: riskAt(listing, listSpread),
      freshAfterSeconds: after(listSpread),
      requestsPerMonth: inputs.clusters * requestsPerSecret * (pages * polls + changed),
    },
    {
      scheme: "hub",
      title: "hub",
      spreadSeconds: 0,
      riskPerRefresh: 0,
      freshAfterSeconds: interval,
      requestsPerMonth: inputs.vaults * requestsPerSecret * (pages * polls + changed),
    },
  ];
}
