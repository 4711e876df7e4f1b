import type { Outcome } from "./outcome.ts";

/** What a status reason means and what a person can do about it. */
export interface ReasonRow {
  readonly meaning: string;
  readonly nextStep: string;
  /** The Ready condition under this reason. */
  readonly ready: "True" | "False" | "True with a Secret, else False" | "True once every item has been good";
}

/** One row per reason, best first; the troubleshooting page is made from it. */
export const reasonRows: Readonly<Record<Outcome["reason"], ReasonRow>> = {
  CreateSucceeded: {
    meaning: "The Secret was written for the first time.",
    nextStep: "Nothing.",
    ready: "True",
  },
  UpdateNoValueChangeSucceeded: {
    meaning: "The Secret was compared with the vault and is up to date.",
    nextStep: "Nothing.",
    ready: "True",
  },
  UpdateValueChangeOrForceUpdateSucceeded: {
    meaning: "A value, the specification or forceSynchronization changed, and the Secret was written.",
    nextStep: "Nothing.",
    ready: "True",
  },
  PartialSync: {
    meaning:
      "Some items were written, others failed. The message is JSON, one entry an item, failures first; a key that failed keeps its last good value.",
    nextStep: "Look up the failed items' codes in the second half of this page.",
    ready: "True once every item has been good",
  },
  Throttled: {
    meaning:
      "The vault answers 429, or Keyweir's own budget for it is used up. The values in the Secret stay in place.",
    nextStep:
      "Wait: status.nextSyncTime says for how long. If it comes again, see Throttled and BudgetWait below.",
    ready: "True with a Secret, else False",
  },
  ProviderError: {
    meaning:
      "The vault, the network, the identity or an object failed. The message begins with the error class.",
    nextStep: "Look up that class in the second half of this page.",
    ready: "True with a Secret, else False",
  },
  UserInputValidationFailed: {
    meaning:
      "The SecretSync is wrong: a type that is not allowed or does not fit its keys, a bad key, a sourcePath that no object produces, more than 1 MiB, or a change of the type.",
    nextStep: "Correct the field that the message names.",
    ready: "False",
  },
  ControllerSpcError: {
    meaning: "The SecretProviderClass is missing, names another provider, or its parameters are wrong.",
    nextStep: "Correct the SecretProviderClass; every SecretSync that names it is tried again at once.",
    ready: "False",
  },
  InvalidClusterSecretLabelError: {
    meaning:
      "A Secret of that name exists without the label secrets-store.sync.x-k8s.io: it is not Keyweir's.",
    nextStep: "Delete that Secret, or rename the SecretSync. It was not touched.",
    ready: "False",
  },
  InvalidClusterSecretAnnotationError: {
    meaning: "A Secret of that name exists whose one owner is not this SecretSync.",
    nextStep: "Delete that Secret, or rename the SecretSync. It was not touched.",
    ready: "False",
  },
  ValidatingAdmissionPolicyCheckFailed: {
    meaning: "A policy of the cluster refused the Secret or the token; the message carries its text.",
    nextStep: "Change what the policy refuses, or the policy.",
    ready: "False",
  },
  ControllerSyncFailed: {
    meaning:
      "A step of the controller failed: the token of the ServiceAccount, or the API server on a write.",
    nextStep: "The message says which. A missing ServiceAccount has to be created; the rest is tried again.",
    ready: "False",
  },
  UnknownError: {
    meaning: "The API server refused the write and did not say why.",
    nextStep: "Look at the API server's log at that time. It is tried again.",
    ready: "False",
  },
  ControllerInternalError: {
    meaning:
      "A defect of Keyweir. The message has a correlation id, under which the controller's log has the details.",
    nextStep: "Report it with the log line.",
    ready: "False",
  },
};
