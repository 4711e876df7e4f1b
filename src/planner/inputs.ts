import { UserError } from "../core/errors.ts";
import { limitProfiles, type LimitProfileName } from "../limits/profiles.ts";
import { describeRange, inputRanges, type InputRange } from "./input-ranges.ts";
import { countings, type Counting } from "./window-risk.ts";

/** What a person knows about a fleet. Everything but the first two has a default. */
export interface PlanInputs {
  /** Clusters that refresh together, 1 to 10,000,000. */
  readonly clusters: number;
  /** Vault objects that each cluster reads in one refresh, 1 to 10,000. */
  readonly secretsPerCluster: number;
  /**
   * Objects that one cluster asks for in one go, 1 to `secretsPerCluster`: the delay is drawn per SecretSync, so it
   * is `secretsPerCluster` (default) when one SecretSync holds them all and 1 when each has its own.
   */
  readonly burst?: number | undefined;
  /** Acceptable chance that a refresh of the whole fleet is throttled, 1e-300 to 0.5; default 0.0001 as the guide. */
  readonly risk?: number | undefined;
  /** How the vault counts; default `fixed`. */
  readonly counting?: Counting | undefined;
  /** Which reading of the service's limits gives the defaults of the next two; default `azure-2026`. */
  readonly profile?: LimitProfileName | undefined;
  /** Requests that one vault serves per window, 1 to 1,000,000. */
  readonly limitPerWindow?: number | undefined;
  /** Length of the vault's window in seconds, 1 to 3,600. */
  readonly windowSeconds?: number | undefined;
  /** Vaults among which the clusters are spread evenly, 1 to 10,000; default 1. */
  readonly vaults?: number | undefined;
  /** Steady requests per second of everybody else, on each vault; default 0. */
  readonly otherLoadPerSecond?: number | undefined;
  /** Requests per object: 2 when each read is first answered 401 and sent again; 1 to 10, default 1. */
  readonly requestsPerSecret?: number | undefined;
  /** `rotationPollIntervalInSeconds`, 1 to 31,536,000; default 3,600. */
  readonly pollIntervalSeconds?: number | undefined;
  /** Longest acceptable age of a secret in seconds, for the guide's basic way; default 7,200 as the guide. */
  readonly maximumAgeSeconds?: number | undefined;
}

/** {@link PlanInputs} with every default filled in, checked. */
export type CompleteInputs = { readonly [Name in keyof PlanInputs]-?: NonNullable<PlanInputs[Name]> } & {
  /** How many vaults' limits a subscription may use per region. */
  readonly subscriptionFactor: number;
};

/** One input that cannot be planned with. */
export interface InputIssue {
  readonly input: string;
  /** Continues a sentence that starts with the input's name: "must be …". */
  readonly message: string;
}

/** Inputs outside the planner's domain; `issues` lists all of them. */
export class PlanInputError extends UserError {
  readonly issues: readonly InputIssue[];
  constructor(issues: readonly InputIssue[]) {
    super(
      issues.map(({ input, message }) => `${input} ${message}.`).join(" "),
      "Change the inputs that are named and plan again.",
    );
    this.issues = issues;
  }
}

/** Fills in the defaults. Throws a {@link PlanInputError} that lists everything that is wrong. */
export function completeInputs(given: PlanInputs): CompleteInputs {
  const issues: InputIssue[] = [];
  const profile = limitProfiles[given.profile ?? "azure-2026"] as
    | (typeof limitProfiles)[LimitProfileName]
    | undefined;
  if (profile === undefined) {
    issues.push({ input: "profile", message: `must be one of ${Object.keys(limitProfiles).join(", ")}` });
  }
  const limits = profile ?? limitProfiles["azure-2026"];
  const counting = given.counting ?? "fixed";
  if (!countings.includes(counting)) {
    issues.push({ input: "counting", message: `must be one of ${countings.join(", ")}` });
  }
  const complete: CompleteInputs = {
    clusters: given.clusters,
    secretsPerCluster: given.secretsPerCluster,
    burst: given.burst ?? given.secretsPerCluster,
    risk: given.risk ?? 0.0001,
    counting,
    profile: limits.name,
    limitPerWindow: given.limitPerWindow ?? limits.vault.other,
    windowSeconds: given.windowSeconds ?? limits.windowSeconds,
    vaults: given.vaults ?? 1,
    otherLoadPerSecond: given.otherLoadPerSecond ?? 0,
    requestsPerSecret: given.requestsPerSecret ?? 1,
    pollIntervalSeconds: given.pollIntervalSeconds ?? 3600,
    maximumAgeSeconds: given.maximumAgeSeconds ?? 7200,
    subscriptionFactor: limits.subscriptionFactor,
  };
  for (const [name, range] of Object.entries(inputRanges)) {
    if (name in complete) checkRange(name, complete[name as keyof CompleteInputs], range, issues);
  }
  if (complete.burst > complete.secretsPerCluster) {
    issues.push({
      input: "burst",
      message: `must not be larger than the ${complete.secretsPerCluster} secrets of a cluster`,
    });
  }
  const { freeOfVault, freeOfSubscription } = freeRates(complete);
  if (freeOfVault <= 0 || freeOfSubscription <= 0) {
    const perSecond = complete.limitPerWindow / complete.windowSeconds;
    const largest =
      freeOfVault <= 0
        ? `${perSecond} requests per second that the vault serves`
        : `${(perSecond * complete.subscriptionFactor) / complete.vaults} requests per second that the subscription ` +
          `leaves to each of ${complete.vaults} vaults`;
    issues.push({
      input: "otherLoadPerSecond",
      message: `must be below the ${largest}: nothing is left for this fleet, so give it a vault of its own`,
    });
  }
  if (issues.length > 0) throw new PlanInputError(issues);
  return complete;
}

/** Requests per second that others leave to this fleet, of one vault and of the subscription. */
export function freeRates(inputs: CompleteInputs): {
  readonly freeOfVault: number;
  readonly freeOfSubscription: number;
} {
  const perSecond = inputs.limitPerWindow / inputs.windowSeconds;
  return {
    freeOfVault: perSecond - inputs.otherLoadPerSecond,
    freeOfSubscription:
      perSecond * inputs.subscriptionFactor -
      inputs.otherLoadPerSecond * Math.max(inputs.vaults, inputs.subscriptionFactor),
  };
}

/** Throws a {@link PlanInputError} unless `jitterSeconds` is a number of seconds that can be planned with. */
export function checkJitter(jitterSeconds: number): void {
  const issues: InputIssue[] = [];
  checkRange("jitterSeconds", jitterSeconds, inputRanges.jitterSeconds, issues);
  if (issues.length > 0) throw new PlanInputError(issues);
}

function checkRange(input: string, value: unknown, range: InputRange, issues: InputIssue[]): void {
  const isFitting =
    typeof value === "number" &&
    value >= range.minimum &&
    value <= range.maximum &&
    (!range.isWhole || Number.isInteger(value));
  if (!isFitting) issues.push({ input, message: `must be ${describeRange(range)}, not ${String(value)}` });
}
