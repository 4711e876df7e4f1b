import { serviceLimit } from "./service-limits.ts";

/** Requests of one class are counted together. `keyUnits` counts weighted units, the others count requests. */
export type LimitClass = "other" | "createOrImport" | "keyCreateHsm" | "keyCreateSoftware" | "keyUnits";

/** Every class, in the order in which tables show them. */
export const limitClasses: readonly LimitClass[] = [
  "other",
  "createOrImport",
  "keyCreateHsm",
  "keyCreateSoftware",
  "keyUnits",
];

/** A key as far as its cost goes. All elliptic curves cost the same. */
type KeyWeight = `${"software" | "hsm"}-${"rsa-2048" | "rsa-3072" | "rsa-4096" | "ec"}`;

/** One reading of the documents: what a vault and a subscription may do in one window. */
export interface LimitProfile {
  readonly name: LimitProfileName;
  readonly title: string;
  readonly windowSeconds: number;
  /** Units per window of one vault in its region. */
  readonly vault: Readonly<Record<LimitClass, number>>;
  /** How many times a vault's limit all vaults of one subscription in one region may use together. */
  readonly subscriptionFactor: number;
  /** Units per window of all vaults of one subscription in one region. */
  readonly subscription: Readonly<Record<LimitClass, number>>;
  /** The class that a class is counted as: itself unless the profile has one limit for both. */
  readonly countedAs: Readonly<Record<LimitClass, LimitClass>>;
  /** What one operation other than create takes of `keyUnits`. */
  readonly keyOperationUnits: Readonly<Record<KeyWeight, number>>;
}

/** The names under which people choose a profile. */
export type LimitProfileName = "azure-2026" | "legacy-2000" | "strict-second";

const factor = serviceLimit("subscription-factor");

/** Cost of a key operation: the budget of 4,000 over the operation's own limit. */
const weightedUnits: Readonly<Record<KeyWeight, number>> = Object.freeze({
  "software-rsa-2048": weight("vault-key-software-rsa-2048"),
  "software-rsa-3072": weight("vault-key-software-rsa-3072"),
  "software-rsa-4096": weight("vault-key-software-rsa-4096"),
  "software-ec": weight("vault-key-software-ec"),
  "hsm-rsa-2048": weight("vault-key-hsm-rsa-2048"),
  "hsm-rsa-3072": weight("vault-key-hsm-rsa-3072"),
  "hsm-rsa-4096": weight("vault-key-hsm-rsa-4096"),
  "hsm-ec": weight("vault-key-hsm-ec"),
});

const azure2026: LimitProfile = profile({
  name: "azure-2026",
  title: "Today's service limits, per 10 s",
  windowSeconds: 10,
  vault: {
    other: serviceLimit("vault-transactions"),
    createOrImport: serviceLimit("vault-create-or-import"),
    keyCreateHsm: serviceLimit("vault-key-create-hsm"),
    keyCreateSoftware: serviceLimit("vault-key-create-software"),
    keyUnits: serviceLimit("vault-key-units"),
  },
  keyOperationUnits: weightedUnits,
});

/**
 * 18,000 units make the guide's 2,000 software and 1,125 HSM operations whole numbers (9 and 16 units each), and
 * 80,000 units its 5,000 HSM operations of a subscription.
 */
const legacyUnits = { vault: 18_000, subscription: 80_000, software: 9, hsm: 16 } as const;

const legacy2000: LimitProfile = profile({
  name: "legacy-2000",
  title: "The table of the Key Vault throttling guide, per 10 s",
  windowSeconds: 10,
  vault: {
    other: serviceLimit("guide-vault-transactions"),
    createOrImport: serviceLimit("guide-vault-transactions"),
    keyCreateHsm: serviceLimit("guide-hsm-keys"),
    keyCreateSoftware: serviceLimit("guide-software-keys"),
    keyUnits: legacyUnits.vault,
  },
  subscription: { keyUnits: legacyUnits.subscription, keyCreateHsm: serviceLimit("guide-subscription-hsm") },
  countedAs: { createOrImport: "other" },
  keyOperationUnits: Object.freeze({
    "software-rsa-2048": legacyUnits.software,
    "software-rsa-3072": legacyUnits.software,
    "software-rsa-4096": legacyUnits.software,
    "software-ec": legacyUnits.software,
    "hsm-rsa-2048": legacyUnits.hsm,
    "hsm-rsa-3072": legacyUnits.hsm,
    "hsm-rsa-4096": legacyUnits.hsm,
    "hsm-ec": legacyUnits.hsm,
  }),
});

const strictSecond: LimitProfile = profile({
  name: "strict-second",
  title:
    "A tenth of today's limits in every second, as the jitter table of the Secret Store extension assumes",
  windowSeconds: 1,
  vault: {
    other: serviceLimit("extension-vault-per-second"),
    createOrImport: serviceLimit("vault-create-or-import") / 10,
    keyCreateHsm: serviceLimit("vault-key-create-hsm") / 10,
    keyCreateSoftware: serviceLimit("vault-key-create-software") / 10,
    keyUnits: serviceLimit("vault-key-units") / 10,
  },
  keyOperationUnits: weightedUnits,
});

/** The default first. */
export const limitProfiles: Readonly<Record<LimitProfileName, LimitProfile>> = Object.freeze({
  "azure-2026": azure2026,
  "legacy-2000": legacy2000,
  "strict-second": strictSecond,
});

/** A key type of the REST API with its size in bits (RSA) or curve (EC). */
export interface KeyShape {
  readonly keyType: "RSA" | "RSA-HSM" | "EC" | "EC-HSM";
  /** Of RSA keys; sizes between the documented ones cost as the next larger one. */
  readonly sizeBits?: number;
}

/** What one operation other than create on such a key takes of a vault's `keyUnits`. */
export function keyOperationUnits(limits: LimitProfile, key: KeyShape): number {
  const protection = key.keyType.endsWith("-HSM") ? "hsm" : "software";
  if (key.keyType.startsWith("EC")) return limits.keyOperationUnits[`${protection}-ec`];
  const sizeBits = key.sizeBits ?? 2048;
  const size = sizeBits <= 2048 ? "rsa-2048" : sizeBits <= 3072 ? "rsa-3072" : "rsa-4096";
  return limits.keyOperationUnits[`${protection}-${size}`];
}

function weight(id: Parameters<typeof serviceLimit>[0]): number {
  return serviceLimit("vault-key-units") / serviceLimit(id);
}

function profile(
  given: Omit<LimitProfile, "subscription" | "subscriptionFactor" | "countedAs"> & {
    readonly subscription?: Partial<LimitProfile["subscription"]>;
    readonly countedAs?: Partial<LimitProfile["countedAs"]>;
  },
): LimitProfile {
  const byClass = <T>(value: (limitClass: LimitClass) => T) =>
    Object.freeze(
      Object.fromEntries(limitClasses.map((name) => [name, value(name)])) as Record<LimitClass, T>,
    );
  return Object.freeze({
    ...given,
    vault: Object.freeze(given.vault),
    subscriptionFactor: factor,
    subscription: byClass((name) => given.subscription?.[name] ?? given.vault[name] * factor),
    countedAs: byClass((name) => given.countedAs?.[name] ?? name),
  });
}
