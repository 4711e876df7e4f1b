import { assertNever } from "../../core/assert.ts";
import type { Condition } from "../../kube/objects.ts";
import type { FailedOutcome, Outcome } from "./outcome.ts";
import type { SecretSync, SecretSyncStatus } from "./secret-sync.ts";

export interface StatusInput {
  readonly secretSync: SecretSync;
  /** The newest status we know of: what was written last, which the cache may not have seen yet. */
  readonly previous: SecretSyncStatus;
  readonly outcome: Outcome;
  readonly classSeen: { readonly uid: string; readonly generation: number } | undefined;
  readonly nowMs: number;
  readonly nextSyncMs: number;
}

/** Condition messages are cut to this many characters, the API's own limit. */
const messageLimit = 32_768;

/** The whole status after an attempt. Pure; written as a merge patch, in which an absent field stays as it is. */
export function statusAfter(input: StatusInput): SecretSyncStatus {
  const { outcome, previous, secretSync } = input;
  const now = timestamp(input.nowMs);
  const isSynced = outcome.kind === "synced";
  const written = isSynced ? outcome.written : outcome.partial?.written;
  const hasChanged = isSynced
    ? outcome.reason !== "UpdateNoValueChangeSucceeded"
    : outcome.partial?.isChanged === true;
  const syncHash = isSynced ? outcome.syncHash : outcome.partial?.syncHash;
  return {
    ...previous,
    conditions: conditionsAfter(input, now),
    observedGeneration: secretSync.metadata.generation ?? 0,
    lastAttemptTime: now,
    nextSyncTime: timestamp(input.nextSyncMs),
    ...(hasChanged ? { lastSuccessfulSyncTime: now } : {}),
    ...(syncHash === undefined ? {} : { syncHash }),
    ...(written === undefined ? {} : { secret: written }),
    ...(outcome.objects === undefined ? {} : { objects: outcome.objects }),
    ...(input.classSeen === undefined ? {} : { secretProviderClass: input.classSeen }),
  };
}

/** Times in status have whole seconds, as Kubernetes prints them. */
export function timestamp(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, "2026-01-01T00:00:00".length)}Z`;
}

/** The reason that the last attempt left behind, whichever condition carries it. */
export function lastReason(status: SecretSyncStatus): string | undefined {
  return status.conditions?.find((condition) => condition.type === "Ready")?.reason;
}

function conditionsAfter(input: StatusInput, now: string): Condition[] {
  const { outcome, previous, secretSync } = input;
  const generation = secretSync.metadata.generation ?? 0;
  const before = previous.conditions ?? [];
  const set = (type: string, status: Condition["status"], reason: string, message: string): Condition => {
    const old = before.find((condition) => condition.type === type);
    return {
      type,
      status,
      reason,
      message: message.length > messageLimit ? `${message.slice(0, messageLimit - 1)}…` : message,
      lastTransitionTime: old?.status === status ? old.lastTransitionTime : now,
      observedGeneration: generation,
    };
  };

  const hasSecret =
    previous.secret !== undefined || (outcome.kind === "failed" && outcome.partial !== undefined);
  const created = before.find((condition) => condition.type === "Create" && condition.status === "True");
  if (outcome.kind === "synced") {
    const message = successMessage(outcome.reason);
    const isCreate = outcome.reason === "CreateSucceeded";
    return [
      isCreate || created === undefined
        ? set("Create", "True", "CreateSucceeded", successMessage("CreateSucceeded"))
        : created,
      ...(isCreate ? [] : [set("Update", "True", outcome.reason, message)]),
      set("Ready", "True", outcome.reason, message),
    ];
  }
  const ready = isUsable(outcome, previous) ? "True" : "False";
  return [
    ...(hasSecret
      ? [created ?? set("Create", "True", "CreateSucceeded", successMessage("CreateSucceeded"))]
      : []),
    set(hasSecret ? "Update" : "Create", "False", outcome.reason, outcome.message),
    set("Ready", ready, outcome.reason, outcome.message),
  ];
}

/** Whether pods still have a complete Secret, though perhaps an old one. */
function isUsable(outcome: FailedOutcome, previous: SecretSyncStatus): boolean {
  switch (outcome.reason) {
    case "PartialSync": {
      const keys = new Set([...(previous.secret?.keys ?? []), ...(outcome.partial?.written.keys ?? [])]);
      return outcome.objects?.every((object) => keys.has(object.targetKey)) ?? false;
    }
    case "ProviderError":
    case "Throttled":
      return previous.secret !== undefined;
    case "InvalidClusterSecretLabelError":
    case "InvalidClusterSecretAnnotationError":
    case "UserInputValidationFailed":
    case "ControllerSpcError":
    case "ValidatingAdmissionPolicyCheckFailed":
    case "ControllerSyncFailed":
    case "ControllerInternalError":
    case "UnknownError":
      return false;
    default:
      return assertNever(outcome.reason);
  }
}

function successMessage(
  reason: "CreateSucceeded" | "UpdateNoValueChangeSucceeded" | "UpdateValueChangeOrForceUpdateSucceeded",
): string {
  switch (reason) {
    case "CreateSucceeded":
      return "The Secret was created.";
    case "UpdateNoValueChangeSucceeded":
      return "The Secret was checked and is up to date.";
    case "UpdateValueChangeOrForceUpdateSucceeded":
      return "A value, the specification or forceSynchronization changed, and the Secret was written.";
    default:
      return assertNever(reason);
  }
}
