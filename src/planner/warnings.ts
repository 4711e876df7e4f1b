import { freeRates, type CompleteInputs } from "./inputs.ts";

/** Something to know before a rollout. */
export interface PlanWarning {
  readonly code:
    | "jitter-not-needed"
    | "no-room-left"
    | "spread-too-short"
    | "spread-is-tight"
    | "steady-load-too-high"
    | "jitter-exceeds-interval"
    | "vault-is-shared"
    | "burst-does-not-divide"
    | "subscription-limit";
  readonly message: string;
}

/** A fleet that asks for at most this share of a window is "much lower" than the limit in the guide's words. */
const farBelow = 0.1;
/** From this share of the vault's capacity on, the guide's "must be much lower" is not true any more. */
const muchLower = 0.5;

/** A spread that somebody proposes, with the words for it. */
export interface ProposedSpread {
  /** "The basic way's 3,600 s" is made of "The basic way's". */
  readonly name: string;
  readonly seconds: number;
  /** What to do when it is too short, as a sentence. */
  readonly advice: string;
}

/**
 * The guide's warnings, and those that its arithmetic cannot give. `jitterSeconds` is what will be deployed (null when
 * nothing helps), `proposed` a spread that comes from a person and not from a load.
 */
export function planWarnings(
  inputs: CompleteInputs,
  jitterSeconds: number | null,
  proposed: ProposedSpread,
): PlanWarning[] {
  const requests = inputs.clusters * inputs.secretsPerCluster * inputs.requestsPerSecret;
  const perVault =
    Math.ceil(inputs.clusters / inputs.vaults) * inputs.secretsPerCluster * inputs.requestsPerSecret;
  const perSecond = freeRates(inputs).freeOfVault;
  const isSmall = perVault <= perSecond * inputs.windowSeconds * farBelow;
  return [
    ...(isSmall ? [warnJitterNotNeeded(inputs, perVault)] : warnSpread(proposed, perVault, perSecond)),
    ...(isSmall || jitterSeconds !== 0 ? [] : warnNoRoom(perVault, perSecond * inputs.windowSeconds)),
    ...warnSteadyLoad(inputs, perVault, perSecond),
    ...warnInterval(inputs, jitterSeconds),
    ...warnShared(inputs),
    ...warnBurst(inputs),
    ...warnSubscription(inputs, requests),
  ];
}

function warnJitterNotNeeded(inputs: CompleteInputs, perVault: number): PlanWarning {
  const limit = inputs.limitPerWindow - inputs.otherLoadPerSecond * inputs.windowSeconds;
  return {
    code: "jitter-not-needed",
    message:
      `All clusters together ask a vault for ${count(perVault)} requests, far below the ${count(limit)} that it ` +
      `serves in ${inputs.windowSeconds} s: jitter is not needed. If it throttles nevertheless, look for other ` +
      "users of the vault and count the secrets again.",
  };
}

function warnNoRoom(perVault: number, limit: number): PlanWarning[] {
  if (perVault > limit) return [];
  return [
    {
      code: "no-room-left",
      message:
        `All ${count(perVault)} requests of a refresh fit into one window, so no jitter is needed, but only ` +
        `${count(limit - perVault)} are left in it for retries and other users. A few seconds of jitter cost little.`,
    },
  ];
}

function warnSpread(proposed: ProposedSpread, perVault: number, perSecond: number): PlanWarning[] {
  const capacity = perSecond * proposed.seconds;
  const spread = `${proposed.name} ${count(proposed.seconds)} s`;
  if (perVault > capacity) {
    return [
      {
        code: "spread-too-short",
        message:
          `${spread} are too short: a vault serves ${count(capacity)} requests in that time and the fleet sends it ` +
          `${count(perVault)}. ${proposed.advice}`,
      },
    ];
  }
  if (perVault <= capacity * muchLower) return [];
  return [
    {
      code: "spread-is-tight",
      message:
        `${spread} are tight: ${count(perVault)} requests are not much lower than the ${count(capacity)} that a vault ` +
        "serves in that time. Go by the exact risk.",
    },
  ];
}

function warnSteadyLoad(inputs: CompleteInputs, perVault: number, perSecond: number): PlanWarning[] {
  const share = perVault / inputs.pollIntervalSeconds / perSecond;
  if (share <= muchLower) return [];
  return [
    {
      code: "steady-load-too-high",
      message:
        `Polling every ${count(inputs.pollIntervalSeconds)} s alone takes ${count(share * 100)} % of what a vault ` +
        "serves, whatever the jitter. Poll less often or add vaults.",
    },
  ];
}

function warnInterval(inputs: CompleteInputs, jitterSeconds: number | null): PlanWarning[] {
  if (jitterSeconds === null || jitterSeconds <= inputs.pollIntervalSeconds) return [];
  return [
    {
      code: "jitter-exceeds-interval",
      message:
        `The jitter of ${count(jitterSeconds)} s is longer than the poll interval of ` +
        `${count(inputs.pollIntervalSeconds)} s, so rounds overlap and the bounds no longer hold for each of them. ` +
        "Poll less often or add vaults.",
    },
  ];
}

function warnShared(inputs: CompleteInputs): PlanWarning[] {
  if (inputs.otherLoadPerSecond === 0) return [];
  return [
    {
      code: "vault-is-shared",
      message:
        `Others take ${inputs.otherLoadPerSecond} requests per second of each vault; the plan takes that as steady. ` +
        "Bursts of theirs are not covered: plan with their peak.",
    },
  ];
}

function warnBurst(inputs: CompleteInputs): PlanWarning[] {
  if (inputs.secretsPerCluster % inputs.burst === 0) return [];
  return [
    {
      code: "burst-does-not-divide",
      message:
        `${inputs.secretsPerCluster} secrets in bursts of ${inputs.burst} leave a smaller last burst; the plan counts ` +
        "it as a full one, on the safe side.",
    },
  ];
}

function warnSubscription(inputs: CompleteInputs, requests: number): PlanWarning[] {
  if (inputs.vaults <= inputs.subscriptionFactor) return [];
  return [
    {
      code: "subscription-limit",
      message:
        `${inputs.vaults} vaults in one subscription and region share ${inputs.subscriptionFactor} times one vault's ` +
        `limit; the ${count(requests)} requests of a refresh are planned against both. More than ` +
        `${inputs.subscriptionFactor} busy vaults need a second subscription or region to help.`,
    },
  ];
}

function count(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: value < 10 ? 1 : 0 });
}
