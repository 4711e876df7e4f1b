import type { RetryClass } from "../../policy/schedule.ts";
import type { ObjectStatus, WrittenSecret } from "./secret-sync.ts";

/** Why an attempt failed, as conditions show it; the names are those of the Secret Store extension. */
export type FailureReason =
  | "PartialSync"
  | "ProviderError"
  | "Throttled"
  | "InvalidClusterSecretLabelError"
  | "InvalidClusterSecretAnnotationError"
  | "UserInputValidationFailed"
  | "ControllerSpcError"
  | "ValidatingAdmissionPolicyCheckFailed"
  | "ControllerSyncFailed"
  | "ControllerInternalError"
  | "UnknownError";

/** What one attempt came to. Everything that follows (status, event, metric, next due time) is computed from it. */
export type Outcome = SyncedOutcome | FailedOutcome;

/** Every item was fetched and the Secret is as it should be. */
export interface SyncedOutcome {
  readonly kind: "synced";
  readonly reason:
    | "CreateSucceeded"
    | "UpdateNoValueChangeSucceeded"
    | "UpdateValueChangeOrForceUpdateSucceeded";
  readonly written: WrittenSecret;
  readonly syncHash: string;
  readonly objects: readonly ObjectStatus[];
}

export interface FailedOutcome {
  readonly kind: "failed";
  readonly reason: FailureReason;
  /** What happened to which object, the cause and the next step. Never a value or token. */
  readonly message: string;
  readonly retryClass: RetryClass;
  readonly retryAfterMs?: number | undefined;
  /** Of each data item, when the provider answered. */
  readonly objects?: readonly ObjectStatus[];
  /** Set when the good keys were written all the same (PartialSync). */
  readonly partial?: {
    readonly written: WrittenSecret;
    readonly syncHash: string;
    readonly isChanged: boolean;
  };
}

/** Leaves a reconcile from any depth with its outcome; only the reconciler catches it. */
export class SyncFailure extends Error {
  override readonly name = "SyncFailure";
  readonly outcome: FailedOutcome;
  constructor(outcome: Omit<FailedOutcome, "kind">, options?: ErrorOptions) {
    super(outcome.message, options);
    this.outcome = { kind: "failed", ...outcome };
  }
}
