import { hash32 } from "../core/random.ts";
import { limitClasses, limitProfiles, type LimitClass, type LimitProfile } from "../limits/profiles.ts";
import { serviceLimit } from "../limits/service-limits.ts";
import { completeInputs } from "./inputs.ts";
import { exactJitter } from "./jitter.ts";
import type { ApplicationLoad, LayoutInputs } from "./layout-file.ts";
import { boundsOf, refreshRisk } from "./refresh-risk.ts";
import { regions } from "./regions.ts";

/** Requests (or key units) of each limit class per window. */
export type ClassLoad = Readonly<Record<LimitClass, number>>;

/** One vault: the secrets of one application in one environment and region. */
export interface VaultPlan {
  /** 3 to 24 letters, digits and hyphens. */
  readonly name: string;
  readonly application: string;
  readonly environment: string;
  readonly region: string;
  readonly subscription: string;
  /** In one window while all its clusters refresh. */
  readonly peakPerWindow: ClassLoad;
  /** Peak over limit; 1 is full. */
  readonly utilisation: ClassLoad;
  /** Reads per window on average over a poll interval, others included. */
  readonly steadyPerWindow: number;
  /** Upper bound of the chance that a refresh of its clusters is throttled. */
  readonly riskPerRefresh: number;
  /** Smallest jitter for the accepted risk; null when none helps. */
  readonly neededJitterSeconds: number | null;
  readonly failover: FailoverPlan;
}

/** Where a vault's clusters read when its region is down. */
export interface FailoverPlan {
  /** Another region of the application, or else the pair of its only region; null when it has neither. */
  readonly region: string | null;
  /** Null when the application has no vault there yet. */
  readonly vault: string | null;
  /** Reads of both regions' clusters over the limit of the vault that takes over. */
  readonly utilisation: number;
  /** Smallest jitter for both regions' clusters together; null when none helps. */
  readonly neededJitterSeconds: number | null;
}

/** One subscription's share of the limits, region by region. */
export interface SubscriptionPlan {
  readonly name: string;
  readonly vaultCount: number;
  readonly regions: readonly {
    readonly region: string;
    readonly vaultCount: number;
    /** Peak of all its vaults over the subscription's limit in that region. */
    readonly utilisation: ClassLoad;
  }[];
}

/** The answer of `keyweir plan vaults` (docs/schemas/plan-vaults.schema.json). */
export interface LayoutPlan {
  readonly inputs: LayoutInputs;
  readonly vaults: readonly VaultPlan[];
  readonly subscriptions: readonly SubscriptionPlan[];
  readonly warnings: readonly string[];
}

/**
 * A vault for each application, environment and region, the load on each limit, and as many subscriptions as the
 * limit of five vaults per region asks for. An application's regions stay in one subscription.
 */
export function planVaults(inputs: LayoutInputs): LayoutPlan {
  const profile = limitProfiles[inputs.profile];
  const packing = new Packing(profile, inputs.fullAt);
  const warnings: string[] = [];
  const vaults: VaultPlan[] = [];
  const names = new Set<string>();
  for (const application of inputs.applications) {
    const peak = peakOf(application, profile);
    const risk = riskOf(application, profile, inputs.risk, 1);
    const moved = application.regions.length > 1 ? riskOf(application, profile, inputs.risk, 2) : risk;
    for (const environment of application.environments) {
      const subscription = packing.place(application.regions, peak);
      const nameIn = (region: string) => vaultName(application.name, environment, region);
      for (const region of application.regions) {
        const name = nameIn(region);
        if (names.has(name))
          warnings.push(`${name} is the name of two vaults: rename application ${application.name}`);
        names.add(name);
        const target = failoverRegion(application, region);
        vaults.push({
          name,
          application: application.name,
          environment,
          region,
          subscription,
          peakPerWindow: peak,
          utilisation: shareOf(peak, profile.vault),
          steadyPerWindow: steadyOf(application, profile),
          riskPerRefresh: risk.upper,
          neededJitterSeconds: risk.neededJitterSeconds,
          failover: {
            region: target,
            vault: target !== null && application.regions.includes(target) ? nameIn(target) : null,
            utilisation: (peak.other * (application.regions.length > 1 ? 2 : 1)) / profile.vault.other,
            neededJitterSeconds: moved.neededJitterSeconds,
          },
        });
      }
    }
    warnings.push(...warnApplication(application, shareOf(peak, profile.vault), risk, inputs.risk));
  }
  return { inputs, vaults, subscriptions: packing.plans(), warnings };
}

/** Requests in one window while all clusters of one region refresh. */
function peakOf(application: ApplicationLoad, profile: LimitProfile): ClassLoad {
  const { windowSeconds } = profile;
  const share = Math.min(1, windowSeconds / Math.max(application.jitterSeconds, windowSeconds));
  const loads: Record<LimitClass, number> = {
    other:
      application.clusters * application.secrets * share + application.otherLoadPerSecond * windowSeconds,
    createOrImport: 0,
    keyCreateHsm: 0,
    keyCreateSoftware: 0,
    keyUnits: 0,
  };
  loads[profile.countedAs.createOrImport] += application.writesPerSecond * windowSeconds;
  for (const [key, perSecond] of Object.entries(application.keyOperationsPerSecond)) {
    const units = profile.keyOperationUnits[key as keyof LimitProfile["keyOperationUnits"]];
    loads.keyUnits += perSecond * windowSeconds * units;
  }
  return loads;
}

function steadyOf(application: ApplicationLoad, { windowSeconds }: LimitProfile): number {
  const perSecond =
    (application.clusters * application.secrets) / (application.pollSeconds + application.jitterSeconds / 2);
  return (perSecond + application.otherLoadPerSecond) * windowSeconds;
}

interface ApplicationRisk {
  readonly upper: number;
  readonly neededJitterSeconds: number | null;
}

function riskOf(
  application: ApplicationLoad,
  profile: LimitProfile,
  risk: number,
  times: number,
): ApplicationRisk {
  const { windowSeconds, vault } = profile;
  if (application.otherLoadPerSecond * windowSeconds >= vault.other)
    return { upper: 1, neededJitterSeconds: null };
  const inputs = completeInputs({
    clusters: Math.min(10_000_000, application.clusters * times),
    secretsPerCluster: application.secrets,
    burst: application.burst,
    risk,
    profile: profile.name,
    otherLoadPerSecond: application.otherLoadPerSecond,
  });
  return {
    upper: boundsOf(refreshRisk(inputs, "fixed", application.jitterSeconds), "fixed").upper,
    neededJitterSeconds: exactJitter(inputs, "fixed").jitterSeconds,
  };
}

function shareOf(load: ClassLoad, limits: ClassLoad): ClassLoad {
  const shares = limitClasses.map((name) => [name, load[name] / limits[name]] as const);
  return Object.fromEntries(shares) as ClassLoad;
}

function failoverRegion(application: ApplicationLoad, region: string): string | null {
  const { regions: own } = application;
  if (own.length > 1) return own[(own.indexOf(region) + 1) % own.length] ?? null;
  return regions.get(region)?.pairedWith ?? null;
}

const nameLength = serviceLimit("vault-name-characters");

/** `application-environment-region`; a longer name is cut and gets four letters of its hash, so it stays its own. */
function vaultName(application: string, environment: string, region: string): string {
  const full = `${application}-${environment}-${regions.get(region)?.shortName ?? region}`;
  if (full.length <= nameLength) return full;
  const mark = hash32(full).toString(36).padStart(4, "0").slice(-4);
  return `${full.slice(0, nameLength - 5).replace(/-+$/, "")}-${mark}`;
}

function warnApplication(
  application: ApplicationLoad,
  utilisation: ClassLoad,
  risk: ApplicationRisk,
  accepted: number,
): string[] {
  const warnings: string[] = [];
  for (const name of limitClasses) {
    if (name === "other" || utilisation[name] <= 1) continue;
    warnings.push(
      `application ${application.name} needs ${percent(utilisation[name])} of a vault's ${name} limit: split it over ` +
        "several applications",
    );
  }
  if (risk.upper > accepted) {
    warnings.push(
      risk.neededJitterSeconds === null
        ? `application ${application.name} throttles its vaults at any jitter: smaller bursts or less other load help`
        : `application ${application.name} throttles its vaults at jitterSeconds ${application.jitterSeconds}: ` +
            `set ${risk.neededJitterSeconds}`,
    );
  }
  return warnings;
}

/** First fit: a group of vaults goes to the first subscription that has room for it in each of its regions. */
class Packing {
  readonly #profile: LimitProfile;
  readonly #fullAt: number;
  readonly #subscriptions: Map<string, { load: Record<LimitClass, number>; vaultCount: number }>[] = [];

  constructor(profile: LimitProfile, fullAt: number) {
    this.#profile = profile;
    this.#fullAt = fullAt;
  }

  place(regionNames: readonly string[], load: ClassLoad): string {
    const limits = this.#profile.subscription;
    let index = this.#subscriptions.findIndex((subscription) =>
      regionNames.every((region) =>
        limitClasses.every(
          (name) => (subscription.get(region)?.load[name] ?? 0) + load[name] <= limits[name] * this.#fullAt,
        ),
      ),
    );
    if (index < 0) index = this.#subscriptions.push(new Map()) - 1;
    const subscription = this.#subscriptions[index]!;
    for (const region of regionNames) {
      const used = subscription.get(region) ?? { load: emptyLoad(), vaultCount: 0 };
      for (const name of limitClasses) used.load[name] += load[name];
      used.vaultCount++;
      subscription.set(region, used);
    }
    return subscriptionName(index);
  }

  plans(): SubscriptionPlan[] {
    return this.#subscriptions.map((subscription, index) => {
      const used = [...subscription].map(([region, { load, vaultCount }]) => ({
        region,
        vaultCount,
        utilisation: shareOf(load, this.#profile.subscription),
      }));
      return {
        name: subscriptionName(index),
        vaultCount: used.reduce((sum, { vaultCount }) => sum + vaultCount, 0),
        regions: used,
      };
    });
  }
}

function emptyLoad(): Record<LimitClass, number> {
  return { other: 0, createOrImport: 0, keyCreateHsm: 0, keyCreateSoftware: 0, keyUnits: 0 };
}

function subscriptionName(index: number): string {
  return `subscription-${index + 1}`;
}

function percent(share: number): string {
  return `${Math.ceil(share * 100)} %`;
}
