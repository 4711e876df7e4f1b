/**
 * Key Vault's limits as data: pure, without input or output, so that the emulator, the planner and a browser read the
 * same numbers. Rows keep what each document says, also where documents disagree; profiles.ts says which rows rule.
 */

/** What a limit counts over: the requests of one vault, of all vaults of a subscription in one region, one object … */
type LimitScope =
  | "vault and region"
  | "subscription and region"
  | "subscription"
  | "object"
  | "list page"
  | "identity";

/** One limit with the place where it is written down. */
export interface ServiceLimit {
  readonly id: string;
  readonly title: string;
  readonly value: number;
  /** What `value` counts. A key operation costs `keyUnits` of the budget that all key operations of a vault share. */
  readonly unit:
    | "transactions"
    | "units"
    | "times the vault's limit"
    | "bytes"
    | "characters"
    | "items"
    | "days";
  readonly scope: LimitScope;
  /** Of limits on a rate: the length of the window that `value` is counted in. */
  readonly windowSeconds?: number;
  /** Whether today's service documentation still states it. */
  readonly isCurrent: boolean;
  readonly source: LimitSource;
  /** Of the source, `YYYY-MM` or `YYYY-MM-DD`. */
  readonly date: string;
  /** Set where another row contradicts this one or where the text needs reading. */
  readonly note?: string;
}

type LimitSource =
  | "Key Vault service limits"
  | "Key Vault throttling guidance"
  | "Key Vault throttling guide"
  | "Secret Store extension troubleshooting guide"
  | "About Key Vault secrets"
  | "Key Vault REST API"
  | "Secret Store extension reference";

const serviceLimitsPage = {
  source: "Key Vault service limits",
  date: "2025-07-23",
  isCurrent: true,
} as const;
const perVault = { unit: "transactions", scope: "vault and region", windowSeconds: 10 } as const;
const unitCost = { unit: "units", scope: "vault and region", windowSeconds: 10 } as const;
const throttlingGuide = { source: "Key Vault throttling guide", date: "2025", isCurrent: false } as const;
const guidance = { source: "Key Vault throttling guidance", date: "2024-02-20", isCurrent: true } as const;
const extensionGuide = {
  source: "Secret Store extension troubleshooting guide",
  date: "2025-08-01",
  isCurrent: true,
} as const;
const aboutSecrets = { source: "About Key Vault secrets", date: "2026-08-21", isCurrent: true } as const;
const weightsNote =
  "The page states the limits by type and size and that their weighted sum is enforced; these units fit every sentence of it.";

const rows = [
  {
    id: "vault-transactions",
    title: "Secrets, managed storage account keys and vault transactions, all but the creating ones",
    value: 4000,
    ...perVault,
    ...serviceLimitsPage,
  },
  {
    id: "vault-create-or-import",
    title: "Set secret, import certificate and import key together",
    value: 300,
    ...perVault,
    ...serviceLimitsPage,
  },
  { id: "vault-key-create-hsm", title: "Create key, HSM", value: 10, ...perVault, ...serviceLimitsPage },
  {
    id: "vault-key-create-software",
    title: "Create key, software",
    value: 20,
    ...perVault,
    ...serviceLimitsPage,
  },
  {
    id: "vault-key-release",
    title: "Release key: counted with create key (10 HSM, 20 software)",
    value: 10,
    ...perVault,
    ...guidance,
    date: "2026-07-15",
  },
  ...keyOperationRows("software", [
    ["rsa-2048", 4000],
    ["rsa-3072", 1000],
    ["rsa-4096", 500],
    ["ec", 4000],
  ]),
  ...keyOperationRows("hsm", [
    ["rsa-2048", 2000],
    ["rsa-3072", 500],
    ["rsa-4096", 250],
    ["ec", 2000],
  ]),
  {
    id: "vault-key-units",
    title: "Key operations, weighted sum",
    value: 4000,
    ...unitCost,
    ...serviceLimitsPage,
    note: weightsNote,
  },
  {
    id: "subscription-factor",
    title: "All vaults of a subscription in one region, each class of transactions",
    value: 5,
    unit: "times the vault's limit",
    scope: "subscription and region",
    windowSeconds: 10,
    ...serviceLimitsPage,
  },
  {
    id: "secret-versions-in-backup",
    title: "Versions of an object that a backup can hold",
    value: 500,
    unit: "items",
    scope: "object",
    ...serviceLimitsPage,
  },
  {
    id: "guidance-subscription-factor",
    title: "All vaults of a subscription, each class of transactions",
    value: 5,
    unit: "times the vault's limit",
    scope: "subscription and region",
    windowSeconds: 10,
    ...guidance,
  },
  {
    id: "guidance-subscription-hsm-other",
    title: "HSM key operations other than create",
    value: 5000,
    unit: "transactions",
    scope: "subscription",
    windowSeconds: 10,
    ...guidance,
    isCurrent: false,
    note: "The example dates from 1,000 per vault; today's table gives 5 × 2,000 = 10,000.",
  },
  {
    id: "guide-software-keys",
    title: "Software key operations, all",
    value: 2000,
    ...perVault,
    ...throttlingGuide,
    note: "Superseded by the table by type and size.",
  },
  {
    id: "guide-hsm-keys",
    title: "HSM key operations, all",
    value: 1125,
    ...perVault,
    ...throttlingGuide,
    note: "No page of the service states this number.",
  },
  {
    id: "guide-secret-get",
    title: "Secret GET",
    value: 2000,
    ...perVault,
    ...throttlingGuide,
    note: "The figure of 2018 to 2020; 4,000 today.",
  },
  {
    id: "guide-vault-transactions",
    title: "Vault transactions, all types",
    value: 2000,
    ...perVault,
    ...throttlingGuide,
    note: "The figure of 2018 to 2020; 4,000 and 300 today.",
  },
  {
    id: "guide-subscription-hsm",
    title: "HSM transactions",
    value: 5000,
    unit: "transactions",
    scope: "subscription",
    windowSeconds: 10,
    ...throttlingGuide,
    note: "Today 5 × 2,000 = 10,000 per region.",
  },
  {
    id: "extension-vault-transactions",
    title: "Transactions of a vault",
    value: 4000,
    ...perVault,
    ...extensionGuide,
    note: "Its jitter arithmetic takes a tenth of it, 400, as the limit of every single second.",
  },
  {
    id: "extension-vault-per-second",
    title: "Transactions of a vault in any second, as the jitter arithmetic assumes",
    value: 400,
    unit: "transactions",
    scope: "vault and region",
    windowSeconds: 1,
    ...extensionGuide,
    isCurrent: false,
    note: "Stricter than the service, whose window is 10 s.",
  },
  {
    id: "extension-subscription-factor",
    title: "All vaults of a subscription",
    value: 5,
    unit: "times the vault's limit",
    scope: "subscription",
    windowSeconds: 10,
    ...extensionGuide,
    note: "Other pages say per region.",
  },
  sizeRow("secret-value-bytes", "Secret value", 25_600, "bytes"),
  sizeRow("content-type-characters", "Content type of a secret", 255, "characters"),
  sizeRow("tags", "Tags of an object", 15, "items"),
  sizeRow("tag-name-characters", "Name of a tag", 512, "characters"),
  sizeRow("tag-value-characters", "Value of a tag", 512, "characters"),
  restRow("object-name-characters", "Name of a secret, key or certificate", 127, "characters"),
  restRow("vault-name-characters", "Name of a vault", 24, "characters"),
  {
    id: "list-page-items",
    title: "Items of a list page, default and largest",
    value: 25,
    unit: "items",
    scope: "list page",
    source: "Key Vault REST API",
    date: "2026-08-21",
    isCurrent: true,
  },
  restRow("retention-days-min", "Shortest retention of a deleted object", 7, "days"),
  restRow("retention-days", "Retention of a deleted object, default and longest", 90, "days"),
  {
    id: "federated-credentials",
    title: "Federated credentials of an application or managed identity",
    value: 20,
    unit: "items",
    scope: "identity",
    source: "Secret Store extension reference",
    date: "2025-08",
    isCurrent: true,
  },
] as const satisfies readonly ServiceLimit[];

/** Every limit that the documents state, each once per document. Immutable. */
export const serviceLimits: readonly ServiceLimit[] = Object.freeze(
  rows.map((row): ServiceLimit => Object.freeze(row)),
);

/** The id of a row. */
export type ServiceLimitId = (typeof rows)[number]["id"];

const valueById: ReadonlyMap<string, number> = new Map(rows.map((row) => [row.id, row.value]));

/** The value of one row. */
export function serviceLimit(id: ServiceLimitId): number {
  return valueById.get(id)!;
}

function keyOperationRows<const Protection extends "software" | "hsm", const Size extends string>(
  protection: Protection,
  limits: readonly (readonly [Size, number])[],
) {
  return limits.map(([size, value]) => ({
    id: `vault-key-${protection}-${size}` as const,
    title: `Key operations other than create, ${protection === "hsm" ? "HSM" : "software"}, ${size}`,
    value,
    ...perVault,
    ...serviceLimitsPage,
  }));
}

function sizeRow<const Id extends string>(id: Id, title: string, value: number, unit: ServiceLimit["unit"]) {
  return { id, title, value, unit, scope: "object", ...aboutSecrets } as const;
}

function restRow<const Id extends string>(id: Id, title: string, value: number, unit: ServiceLimit["unit"]) {
  return {
    id,
    title,
    value,
    unit,
    scope: "object",
    source: "Key Vault REST API",
    date: "2026-08-21",
    isCurrent: true,
  } as const;
}
