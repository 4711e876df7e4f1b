import { DeadlineError } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { isNotFound, KubeError } from "../../kube/kube-error.ts";
import type { RetryClass } from "../../policy/schedule.ts";
import { ProviderCallError } from "../../provider/client.ts";
import type { MissingItem } from "./key-mapping.ts";
import { SyncFailure, type FailedOutcome } from "./outcome.ts";

/** Error classes that mean "later, the vault has a limit", not "something is wrong". */
const throttleCodes: ReadonlySet<string> = new Set(["Throttled", "BudgetWait"]);

/** Error classes that last until a person changes something in the vault, the identity or the resources. */
const userCodes: ReadonlySet<string> = new Set([
  "BadObject",
  "BadParameters",
  "Conversion",
  "Disabled",
  "ForbiddenByConnection",
  "ForbiddenByFirewall",
  "ForbiddenByPolicy",
  "ForbiddenByRbac",
  "IdentityFederation",
  "IdentityMissing",
  "NotFound",
  "TenantMismatch",
]);

/** How soon an error class is worth another try. */
function retryClassOf(code: string): RetryClass {
  if (throttleCodes.has(code) || code === "BreakerOpen") return "throttle";
  return userCodes.has(code) ? "user" : "network";
}

/** Whatever ended an attempt, as its outcome. A thing that nobody expected becomes ControllerInternalError. */
export function outcomeOf(thrown: unknown, correlationId: string): FailedOutcome {
  if (thrown instanceof SyncFailure) return thrown.outcome;
  if (thrown instanceof ProviderCallError) return providerFailure(thrown);
  if (thrown instanceof KubeError) return writeFailure(thrown);
  if (thrown instanceof DeadlineError) return noAnswer(thrown);
  return {
    kind: "failed",
    reason: "ControllerInternalError",
    message: `This is a defect of Keyweir. Its log has the details under correlation id ${correlationId}; please report it.`,
    retryClass: "bug",
  };
}

/** None of the objects could be fetched, or partial synchronisation is off. */
export function fetchFailure(missing: readonly MissingItem[]): Omit<FailedOutcome, "kind"> {
  const objects = missing.map((mapped) => mapped.object);
  const isThrottled = objects.every((object) => throttleCodes.has(object.code));
  const first = objects.find((object) => !throttleCodes.has(object.code)) ?? objects[0]!;
  const others = new Set(objects.map((object) => `${object.type}/${object.name}`)).size - 1;
  const more =
    others > 0 ? ` (${others} more ${others === 1 ? "object" : "objects"} failed: see status.objects)` : "";
  const retryAfterMs = Math.max(...objects.map((object) => object.retryAfterMs));
  return {
    reason: isThrottled ? "Throttled" : "ProviderError",
    message: `${first.code}: ${first.message}${more}`,
    retryClass: isThrottled ? "throttle" : mostUrgent(objects.map((object) => object.code)),
    ...(retryAfterMs > 0 ? { retryAfterMs } : {}),
  };
}

/** The retry class under which the item that can recover soonest is not kept waiting. */
export function mostUrgent(codes: readonly string[]): RetryClass {
  const classes = new Set(codes.map(retryClassOf));
  if (classes.has("throttle")) return "throttle";
  return classes.has("network") ? "network" : "user";
}

/** Failures of the token request keep their own reason: the Secret was not touched, nor the vault asked. */
export function tokenFailure(error: KubeError, namespace: string, serviceAccount: string): SyncFailure {
  const account = `ServiceAccount "${serviceAccount}" in namespace "${namespace}"`;
  if (isPolicyRefusal(error)) {
    return new SyncFailure(
      {
        reason: "ValidatingAdmissionPolicyCheckFailed",
        message: `A token for ${account} was refused by policy: ${error.message}`,
        retryClass: "user",
      },
      { cause: error },
    );
  }
  const message = isNotFound(error)
    ? `${account} does not exist. Create it, or correct spec.serviceAccountName.`
    : `No token for ${account}: ${messageOf(error)}`;
  return new SyncFailure(
    {
      reason: "ControllerSyncFailed",
      message,
      retryClass: error.retryable ? "network" : "user",
      retryAfterMs: error.retryAfterMs,
    },
    { cause: error },
  );
}

function noAnswer(error: DeadlineError): FailedOutcome {
  const seconds = error.timeoutMs / 1000;
  return {
    kind: "failed",
    reason: "ProviderError",
    message: `Timeout: the provider gave no answer within ${seconds} s (setting mountTimeoutInSeconds). Look at the log and the health probe of the container provider-azure-installer.`,
    retryClass: "network",
  };
}

function providerFailure(error: ProviderCallError): FailedOutcome {
  const common = { kind: "failed", retryAfterMs: error.retryAfterMs } as const;
  if (error.code === "BadParameters") {
    return { ...common, reason: "ControllerSpcError", message: error.message, retryClass: "user" };
  }
  return {
    ...common,
    reason: throttleCodes.has(error.code) ? "Throttled" : "ProviderError",
    message: `${error.code}: ${error.message}`,
    retryClass: error.retryable ? retryClassOf(error.code) : "user",
  };
}

function writeFailure(error: KubeError): FailedOutcome {
  const common = { kind: "failed", retryAfterMs: error.retryAfterMs } as const;
  if (isPolicyRefusal(error)) {
    return {
      ...common,
      reason: "ValidatingAdmissionPolicyCheckFailed",
      message: messageOf(error),
      retryClass: "user",
    };
  }
  if (error.status === 422 || error.status === 413) {
    const isType = error.causes.some((cause) => cause.field === "type");
    const advice = isType
      ? " The type of a Secret cannot change: delete the SecretSync and its Secret, then create the SecretSync anew."
      : " Correct spec.secretObject of the SecretSync.";
    return {
      ...common,
      reason: "UserInputValidationFailed",
      message: `The API server refuses the Secret: ${error.message}${advice}`,
      retryClass: "user",
    };
  }
  if (error.code === "Refused" || error.code === "Internal") {
    return {
      ...common,
      reason: "UnknownError",
      message: `The Secret could not be written and the API server does not say why: status ${error.status}, ${error.message}`,
      retryClass: "network",
    };
  }
  return {
    ...common,
    reason: "ControllerSyncFailed",
    message: `The Secret could not be written: ${error.message}`,
    retryClass: error.retryable ? "network" : "user",
  };
}

function isPolicyRefusal(error: KubeError): boolean {
  return /validatingadmissionpolicy/i.test(error.message);
}
