import type { RetryClass } from "../policy/schedule.ts";

/** What can go wrong between us and a vault: the closed set that statuses, metrics, the doctor and the docs share. */
export const vaultErrorCodes = [
  "Throttled",
  "BudgetWait",
  "BreakerOpen",
  "NotFound",
  "Disabled",
  "Expired",
  "NotYetValid",
  "ForbiddenByRbac",
  "ForbiddenByPolicy",
  "ForbiddenByFirewall",
  "ForbiddenByConnection",
  "IdentityFederation",
  "IdentityMissing",
  "TenantMismatch",
  "Dns",
  "Connect",
  "Tls",
  "Timeout",
  "PrivateLinkDns",
  "BadObject",
  "Conversion",
  "Unavailable",
  "Unknown",
] as const;

/** One of {@link vaultErrorCodes}. */
export type VaultErrorCode = (typeof vaultErrorCodes)[number];

export interface ErrorClass {
  /** What it means, one sentence. */
  readonly sentence: string;
  readonly likelyCauses: readonly string[];
  readonly nextStep: string;
  readonly retryClass: RetryClass;
  /** In docs/troubleshooting.md. */
  readonly anchor: string;
}

/** One row per code; the troubleshooting page is made from it. */
export const errorClasses: Readonly<Record<VaultErrorCode, ErrorClass>> = {
  Throttled: row({
    sentence: "The vault, or Entra, answers 429: it gets more requests than its limit.",
    likelyCauses: [
      "Other clients of the same vault use up its limit",
      "Many clusters poll one vault without jitter",
    ],
    nextStep:
      "Nothing to do for one wave. If it lasts, raise jitterSeconds (keyweir plan jitter) or split the vault.",
    retryClass: "throttle",
    anchor: "throttled",
  }),
  BudgetWait: row({
    sentence: "Keyweir's own request budget for the vault is used up until later than the caller can wait.",
    likelyCauses: ["More objects became due at once than the budget allows", "The budget is set very low"],
    nextStep: "Nothing to do for one wave. If it lasts, raise vaultBudget or the poll interval.",
    retryClass: "throttle",
    anchor: "budgetwait",
  }),
  BreakerOpen: row({
    sentence: "The vault failed several times in a row, so it is left alone except for one probe at a time.",
    likelyCauses: ["An outage of the vault or its region", "A network policy, proxy or firewall in between"],
    nextStep:
      "See the error before this one. Values stay in place; a probe finds out when the vault is back.",
    retryClass: "throttle",
    anchor: "breakeropen",
  }),
  NotFound: row({
    sentence: "The vault has no such object or version.",
    likelyCauses: [
      "A typing error in objectName or objectVersion",
      "The object was deleted",
      "The wrong vault",
    ],
    nextStep: "Create or recover the object, or correct the SecretProviderClass.",
    retryClass: "user",
    anchor: "notfound",
  }),
  Disabled: row({
    sentence: "The object's version is disabled in the vault.",
    likelyCauses: ["Somebody disabled it on purpose", "A new version was created disabled"],
    nextStep: "Enable the version, or create a new one.",
    retryClass: "user",
    anchor: "disabled",
  }),
  Expired: row({
    sentence: "The object's expiry date has passed; Key Vault still hands it out, so this is a warning.",
    likelyCauses: ["Rotation did not happen"],
    nextStep: "Create a new version.",
    retryClass: "user",
    anchor: "expired",
  }),
  NotYetValid: row({
    sentence: "The object's not-before date lies ahead; Key Vault still hands it out, so this is a warning.",
    likelyCauses: ["A version was prepared for later"],
    nextStep: "Pin the version in use until the date has come, or correct the date.",
    retryClass: "user",
    anchor: "notyetvalid",
  }),
  ForbiddenByRbac: row({
    sentence: "The identity has no role that allows this in the vault.",
    likelyCauses: [
      "The role assignment is missing or on another scope",
      "It was made less than ten minutes ago",
    ],
    nextStep:
      'Give it the role "Key Vault Secrets User" (or the one for keys or certificates), then wait or force a sync.',
    retryClass: "user",
    anchor: "forbiddenbyrbac",
  }),
  ForbiddenByPolicy: row({
    sentence: "The vault's access policies do not allow this to the identity.",
    likelyCauses: ["The access policy is missing", "The vault uses access policies, not roles"],
    nextStep: "Add an access policy with get (and list, for version history), then wait or force a sync.",
    retryClass: "user",
    anchor: "forbiddenbypolicy",
  }),
  ForbiddenByFirewall: row({
    sentence: "The vault's firewall refuses the address that this cluster comes from.",
    likelyCauses: [
      "The cluster's outbound address is not on the vault's list",
      "The outbound address changed",
    ],
    nextStep: "Add the cluster's outbound address or subnet to the vault's network rules.",
    retryClass: "user",
    anchor: "forbiddenbyfirewall",
  }),
  ForbiddenByConnection: row({
    sentence: "The vault takes no requests from public networks.",
    likelyCauses: [
      "Public network access is disabled and there is no private endpoint",
      "The vault's name resolves to its public address",
    ],
    nextStep:
      "Make the vault's private endpoint reachable and its name resolve to it, or allow public access.",
    retryClass: "user",
    anchor: "forbiddenbyconnection",
  }),
  IdentityFederation: row({
    sentence: "Entra does not accept the proof of identity: federated credential, secret or certificate.",
    likelyCauses: [
      "Issuer, subject or audience of the federated credential do not match the service account",
      "The client secret or certificate is wrong or expired",
    ],
    nextStep: "Compare the federated credential with the cluster's issuer and the service account's subject.",
    retryClass: "user",
    anchor: "identityfederation",
  }),
  IdentityMissing: row({
    sentence: "The identity does not exist, or what proves it was not handed over.",
    likelyCauses: [
      "A typing error in clientID",
      "The managed identity is not assigned to this machine",
      "No service account token came with the request",
    ],
    nextStep: "Correct clientID, assign the identity, or request tokens for the audience.",
    retryClass: "user",
    anchor: "identitymissing",
  }),
  TenantMismatch: row({
    sentence: "The vault belongs to another tenant than the one that issued the token.",
    likelyCauses: ["A typing error in tenantID", "The subscription moved to another tenant"],
    nextStep: "Set tenantID to the tenant of the vault.",
    retryClass: "user",
    anchor: "tenantmismatch",
  }),
  Dns: row({
    sentence: "The host name cannot be resolved.",
    likelyCauses: [
      "A typing error in keyvaultName",
      "The vault was deleted",
      "The cluster's DNS is down or a private zone is not linked",
    ],
    nextStep: "Check the vault's name, then resolve it from a pod of this cluster.",
    retryClass: "network",
    anchor: "dns",
  }),
  Connect: row({
    sentence: "No connection to the host, or it broke.",
    likelyCauses: ["A network policy, firewall or proxy", "An outage", "A private endpoint that is down"],
    nextStep: "Check that this cluster reaches the host on port 443.",
    retryClass: "network",
    anchor: "connect",
  }),
  Tls: row({
    sentence: "The host's certificate cannot be trusted.",
    likelyCauses: [
      "A proxy that breaks TLS open",
      "A missing CA certificate",
      "The wrong host answers",
      "The clock of this machine is wrong",
    ],
    nextStep:
      "Check who answers for the host; give the proxy's or emulator's CA certificate if it is meant to.",
    retryClass: "network",
    anchor: "tls",
  }),
  Timeout: row({
    sentence: "No answer came in time.",
    likelyCauses: ["An overloaded or failing vault", "A firewall that drops packets silently"],
    nextStep: "Nothing to do for a single one. If it lasts, check that this cluster reaches the host.",
    retryClass: "network",
    anchor: "timeout",
  }),
  PrivateLinkDns: row({
    sentence:
      "The vault's name resolves to a public address although a private one is expected, or the reverse.",
    likelyCauses: [
      "The private DNS zone is not linked to this network",
      "A split-horizon DNS answers wrongly",
    ],
    nextStep: "Link the zone privatelink.vaultcore.azure.net to this cluster's network.",
    retryClass: "user",
    anchor: "privatelinkdns",
  }),
  BadObject: row({
    sentence: "The request is one that Key Vault cannot answer: a wrong name, version or type.",
    likelyCauses: ["A name with characters other than letters, digits and -", "A malformed version"],
    nextStep: "Correct the object in the SecretProviderClass.",
    retryClass: "user",
    anchor: "badobject",
  }),
  Conversion: row({
    sentence: "The value was read but cannot be turned into the form that was asked for.",
    likelyCauses: ["The content is not of the type it claims", "Wrong objectFormat or objectEncoding"],
    nextStep: "Correct the content in the vault, or objectFormat and objectEncoding.",
    retryClass: "user",
    anchor: "conversion",
  }),
  Unavailable: row({
    sentence: "The service answers with a failure of its own, or with something that is not Key Vault's.",
    likelyCauses: ["An outage", "A proxy or captive portal that answers in its place"],
    nextStep:
      "Nothing to do for a single one. If it lasts, check Azure's status page and any proxy in between.",
    retryClass: "network",
    anchor: "unavailable",
  }),
  Unknown: row({
    sentence: "The service refused with a code that Keyweir does not know.",
    likelyCauses: ["A new or rare answer of Key Vault"],
    nextStep: "Read the status and code in the message, and report it.",
    retryClass: "network",
    anchor: "unknown",
  }),
};

function row(errorClass: ErrorClass): ErrorClass {
  return Object.freeze({ ...errorClass, likelyCauses: Object.freeze([...errorClass.likelyCauses]) });
}
