import type { Random } from "../../core/random.ts";
import { nextDueAtMs, retryDelayMs } from "../../policy/schedule.ts";
import { hashedPhaseMs, jitterDelayMs } from "../../policy/spread.ts";
import type { Settings } from "../settings.ts";
import type { FailedOutcome } from "./outcome.ts";
import type { SecretProviderClass, SecretSync, SecretSyncStatus } from "./secret-sync.ts";
import { lastReason } from "./status.ts";
import type { Lane } from "./synchronise.ts";

/** When a SecretSync is synchronised next, in wall time, and in which lane of the vault. */
export interface Due {
  readonly atMs: number;
  readonly lane: Lane;
}

export interface DueInput {
  readonly secretSync: SecretSync;
  readonly status: SecretSyncStatus;
  /** Undefined when it does not exist, or is not known yet. */
  readonly providerClass: SecretProviderClass | undefined;
  readonly settings: Settings;
  readonly nowMs: number;
  /** Until when a controller is known to have been at work; polls due before then have been done. */
  readonly lastAliveMs: number | undefined;
}

const successReasons: ReadonlySet<string> = new Set([
  "CreateSucceeded",
  "UpdateNoValueChangeSucceeded",
  "UpdateValueChangeOrForceUpdateSucceeded",
]);

/**
 * What the present state demands of an object that was just seen: at the start, after an edit of it or of its class.
 * Whatever was up to date and is not due stays untouched, however often the controller restarts.
 */
export function dueWhenSeen(input: DueInput, random: Random): Due {
  const { secretSync, status, settings, nowMs } = input;
  const withJitter = nowMs + jitterDelayMs(settings.jitterSeconds, random);
  if (status.observedGeneration === undefined) return { atMs: withJitter, lane: "new" };
  if (status.observedGeneration !== secretSync.metadata.generation || isClassChanged(input)) {
    return { atMs: withJitter, lane: status.secret === undefined ? "new" : "forced" };
  }
  const isFailing = !successReasons.has(lastReason(status) ?? "");
  if (isFailing) {
    const retryAtMs = Date.parse(status.nextSyncTime ?? "");
    return {
      atMs: Number.isNaN(retryAtMs) ? withJitter : Math.max(retryAtMs, nowMs),
      lane: status.secret === undefined ? "new" : "routine",
    };
  }
  const attemptMs = Date.parse(status.lastAttemptTime ?? "");
  const checkedMs = Math.max(Number.isNaN(attemptMs) ? 0 : attemptMs, input.lastAliveMs ?? 0);
  return { atMs: Math.max(nowMs, pollAfter(input, checkedMs, random)), lane: "routine" };
}

/** What is read in the lane "new" may have been read up to a second before (proto/service.proto). */
const newReadMaxAgeMs = 1_000;

/** The routine poll after a success in `lane`. */
export function dueAfterSuccess(
  input: Pick<DueInput, "secretSync" | "settings" | "nowMs">,
  lane: Lane,
  random: Random,
): Due {
  const readMs = lane === "new" ? input.nowMs - newReadMaxAgeMs : input.nowMs;
  return { atMs: Math.max(input.nowMs, pollAfter(input, readMs, random)), lane: "routine" };
}

/** The next try after the `attempt`-th failure in a row (from 1): soon for the network, as told for a throttle. */
export function dueAfterFailure(
  input: Pick<DueInput, "secretSync" | "settings" | "nowMs" | "status">,
  outcome: FailedOutcome,
  attempt: number,
  random: Random,
): Due {
  const delayMs = retryDelayMs(outcome.retryClass, attempt, random, outcome.retryAfterMs);
  return { atMs: input.nowMs + delayMs, lane: input.status.secret === undefined ? "new" : "routine" };
}

function pollAfter(
  { secretSync, settings, nowMs }: Pick<DueInput, "secretSync" | "settings" | "nowMs">,
  checkedMs: number,
  random: Random,
): number {
  const intervalMs = settings.rotationPollIntervalInSeconds * 1000;
  const { namespace, name } = secretSync.metadata;
  return nextDueAtMs(
    {
      nowMs,
      intervalMs,
      phaseMs: hashedPhaseMs(settings.clusterId, namespace ?? "", name, intervalMs),
      lastAttemptAtMs: checkedMs,
      jitterSeconds: settings.jitterSeconds,
    },
    random,
  );
}

function isClassChanged({ status, providerClass }: DueInput): boolean {
  if (providerClass === undefined) return false;
  const seen = status.secretProviderClass;
  return (
    seen === undefined ||
    seen.uid !== providerClass.metadata.uid ||
    seen.generation !== (providerClass.metadata.generation ?? 0)
  );
}
