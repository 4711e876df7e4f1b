/**
 * What `keyweir plan … --json` prints, as schemas. Field names are a public interface: docs/schemas/ holds these as
 * JSON schemas (made by scripts/generate-docs/plan.ts), and a test parses every command's output with them.
 */
import { z } from "zod";
import { limitClasses } from "../../../limits/profiles.ts";
import { countings } from "../../../planner/window-risk.ts";

const probability = z.number().min(0).max(1);
const seconds = z.number().min(0);
const counting = z.enum(countings as ["second", "fixed", "sliding"]);
const byCounting = <T extends z.ZodType>(schema: T) =>
  z.strictObject({ second: schema, fixed: schema, sliding: schema });
const classLoad = z.strictObject(
  Object.fromEntries(limitClasses.map((name) => [name, z.number().min(0)])) as Record<string, z.ZodNumber>,
);

const riskBounds = z
  .strictObject({
    lower: probability,
    upper: probability.describe("Rigorous upper bound; decisions take this one"),
    estimate: probability.optional().describe("Sliding windows only: the best single figure"),
    upperLog10: z
      .number()
      .max(0)
      .nullable()
      .describe("log10 of upper, also below 1e-308; null when impossible"),
  })
  .describe("Chance that one refresh of the whole fleet is throttled");

const inputs = z.strictObject({
  clusters: z.int().describe("Clusters that refresh together"),
  secretsPerCluster: z.int().describe("Vault objects that each cluster reads in one refresh"),
  burst: z.int().describe("Objects that one cluster asks for in one go"),
  risk: probability.describe("Accepted chance that a refresh of the whole fleet is throttled"),
  counting,
  profile: z.enum(["azure-2026", "legacy-2000", "strict-second"]),
  limitPerWindow: z.int().describe("Requests that one vault serves per window"),
  windowSeconds: seconds,
  vaults: z.int().describe("Vaults among which the clusters are spread evenly"),
  otherLoadPerSecond: z.number().describe("Requests per second of others on each vault"),
  requestsPerSecret: z.number().describe("Requests for each object"),
  pollIntervalSeconds: seconds,
  maximumAgeSeconds: seconds,
  subscriptionFactor: z.number().describe("Vaults' limits that a subscription may use per region"),
});

const exactAnswer = z.strictObject({
  counting,
  jitterSeconds: z
    .int()
    .nullable()
    .describe("Smallest whole seconds within the risk; null when no jitter helps"),
  riskPerWindow: probability,
  riskPerRefresh: riskBounds,
  noAnswer: z.string().optional(),
});

const warnings = z.array(z.strictObject({ code: z.string(), message: z.string() }));

const verified = z
  .strictObject({
    samples: z.int(),
    throttled: z.int(),
    lower: probability,
    upper: probability,
    seed: z.int(),
    agrees: z.boolean(),
  })
  .optional()
  .describe("With --verify: refreshes played by chance and the 99 % interval they give");

const jitter = z.strictObject({
  inputs,
  guide: z.strictObject({
    zScore: z.number(),
    thresholdPerSecond: z.number(),
    meanPerSecond: z.number().nullable(),
    jitterSeconds: seconds.nullable(),
    jitterSecondsRounded: seconds.nullable(),
    riskPerSecond: probability.nullable().describe("Chance that one given second is overloaded"),
    noAnswer: z.string().optional(),
    basicJitterSeconds: seconds,
    table: z
      .strictObject({ clusters: z.int(), secretsPerCluster: z.int(), jitterSeconds: seconds })
      .nullable(),
    tableRiskPerSecond: probability.nullable(),
  }),
  exact: exactAnswer,
  byCounting: byCounting(exactAnswer),
  guideChecked: byCounting(riskBounds).nullable(),
  tableChecked: byCounting(riskBounds).nullable(),
  basicChecked: byCounting(riskBounds),
  floorSeconds: seconds.describe("No scheme spreads the fleet over less"),
  worstCaseAgeSeconds: seconds.nullable(),
  meanRequestsPerWindow: z.number().nullable(),
  warnings,
  verified,
});

const risk = z.strictObject({
  inputs: inputs.extend({ jitterSeconds: seconds }),
  guide: z.strictObject({ riskPerSecond: probability }),
  exact: z.strictObject({
    counting,
    jitterSeconds: seconds,
    riskPerWindow: probability,
    riskPerRefresh: riskBounds,
  }),
  byCounting: byCounting(riskBounds),
  floorSeconds: seconds,
  worstCaseAgeSeconds: seconds,
  meanRequestsPerWindow: z.number(),
  warnings,
  verified,
});

const capacityAnswer = z.strictObject({
  counting,
  largest: z.int().describe("0 when even one is too many; searchLimit means at least that"),
  riskPerRefresh: riskBounds.nullable(),
});

const capacity = z.strictObject({
  inputs: inputs.extend({
    jitterSeconds: seconds,
    clusters: z.int().nullable(),
    secretsPerCluster: z.int().nullable(),
    burst: z.int().nullable(),
  }),
  goal: z.enum(["clusters", "secretsPerCluster"]),
  searchLimit: z.int(),
  guide: z.strictObject({ largest: z.int() }),
  exact: capacityAnswer,
  byCounting: byCounting(capacityAnswer),
});

const table = z.strictObject({
  inputs: inputs.omit({ counting: true }).extend({
    clusters: z.array(z.int()),
    secretsPerCluster: z.array(z.int()),
    burst: z.int().nullable(),
  }),
  tables: z.array(
    z.strictObject({
      method: z.enum(["guide", "second", "fixed", "sliding"]),
      jitterSeconds: z.array(z.array(seconds.nullable())).describe("Rows of secrets, columns of clusters"),
    }),
  ),
});

const budgetSetting = z.strictObject({
  requestsPerWindow: z.number(),
  shareOfVault: z.number(),
  jitterSeconds: seconds,
  refreshSeconds: seconds,
  worstCaseAgeSeconds: seconds,
  riskPerRefresh: riskBounds,
});

const budget = z.strictObject({
  inputs,
  availablePerWindow: z.number(),
  clustersPerVault: z.int(),
  guaranteed: budgetSetting,
  byJitter: budgetSetting.nullable(),
});

const cost = z.strictObject({
  inputs: inputs.extend({ changesPerSecretAndMonth: z.number() }),
  price: z.strictObject({ currency: z.string(), perTenThousandRequests: z.number(), source: z.string() }),
  monthSeconds: seconds,
  schemes: z.array(
    z.strictObject({
      scheme: z.enum([
        "none",
        "guide-jitter",
        "exact-jitter",
        "hashed",
        "slotted",
        "adaptive",
        "list-first",
        "hub",
      ]),
      title: z.string(),
      spreadSeconds: seconds.nullable(),
      riskPerRefresh: probability.nullable(),
      freshAfterSeconds: seconds.nullable(),
      requestsPerMonth: z.number(),
      costPerMonth: z.number(),
    }),
  ),
});

const vaults = z.strictObject({
  inputs: z.looseObject({}).describe("The layout file with every default filled in"),
  vaults: z.array(
    z.strictObject({
      name: z.string(),
      application: z.string(),
      environment: z.string(),
      region: z.string(),
      subscription: z.string(),
      peakPerWindow: classLoad,
      utilisation: classLoad,
      steadyPerWindow: z.number(),
      riskPerRefresh: probability,
      neededJitterSeconds: z.int().nullable(),
      failover: z.strictObject({
        region: z.string().nullable(),
        vault: z.string().nullable(),
        utilisation: z.number(),
        neededJitterSeconds: z.int().nullable(),
      }),
    }),
  ),
  subscriptions: z.array(
    z.strictObject({
      name: z.string(),
      vaultCount: z.int(),
      regions: z.array(z.strictObject({ region: z.string(), vaultCount: z.int(), utilisation: classLoad })),
    }),
  ),
  warnings: z.array(z.string()),
});

const limits = z.strictObject({
  limits: z
    .array(
      z.strictObject({
        id: z.string(),
        title: z.string(),
        value: z.number(),
        unit: z.string(),
        scope: z.string(),
        windowSeconds: seconds.optional(),
        isCurrent: z.boolean().describe("Whether today's service documentation still states it"),
        source: z.string(),
        date: z.string(),
        note: z.string().optional(),
      }),
    )
    .describe("What each document says"),
  profiles: z
    .array(
      z.strictObject({
        name: z.string(),
        title: z.string(),
        windowSeconds: seconds,
        vault: classLoad,
        subscriptionFactor: z.number(),
        subscription: classLoad,
        countedAs: z.record(z.string(), z.string()),
        keyOperationUnits: z.record(z.string(), z.number()),
      }),
    )
    .describe("Consistent readings; with --profile that one alone"),
});

/** By the name of the sub-command. */
export const planSchemas = { jitter, risk, capacity, table, vaults, budget, cost, limits } as const;
