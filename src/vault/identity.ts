import { hash } from "node:crypto";
import type { TokenCredential } from "@azure/core-auth";
import { assertNever } from "../core/assert.ts";
import type { Cloud } from "./clouds.ts";
import { VaultError } from "./errors.ts";
import { member, parseJson } from "./json.ts";

/** Who asks a vault, with what proves it. */
export type Identity =
  | WorkloadIdentity
  | {
      readonly kind: "servicePrincipal";
      readonly tenantId: string;
      readonly clientId: string;
      readonly clientSecret: string;
    }
  | {
      readonly kind: "servicePrincipalCertificate";
      readonly tenantId: string;
      readonly clientId: string;
      /** The certificate, and after it its chain if Entra should see it. */
      readonly certificatePem: string;
      readonly privateKeyPem: string;
    }
  /** The machine's own identity; absent `clientId` means the system-assigned one. */
  | { readonly kind: "managedIdentity"; readonly clientId?: string }
  /** Any credential of the Azure SDK; `key` tells credentials apart in caches. */
  | { readonly kind: "credential"; readonly key: string; readonly credential: TokenCredential };

/** A Kubernetes service account: its token (the assertion) is exchanged for one of Entra. */
export interface WorkloadIdentity {
  /** `identityBinding`: exchanged at the cluster's token proxy instead of Entra itself. */
  readonly kind: "workload" | "identityBinding";
  readonly tenantId: string;
  readonly clientId: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** The service account's token. Never part of a message, log or cache key as it is. */
  readonly assertion: string;
}

const keys = new WeakMap<Identity, { readonly cloud: Cloud; readonly key: string }>();

/**
 * What tells this identity in this cloud from every other: caches and single-flight use it. It has no secret in it,
 * but depends on every secret that proves the identity, except that all tokens of one service account are one proof.
 * Throws a {@link VaultError} when the assertion is the token of another service account than the one named.
 */
export function identityKey(identity: Identity, cloud: Cloud): string {
  const known = keys.get(identity);
  if (known?.cloud === cloud) return known.key;
  const key = JSON.stringify([cloud.authorityUrl, cloud.vaultResource, ...partsOf(identity)]);
  keys.set(identity, { cloud, key });
  return key;
}

/** The identity for messages and logs: its client id where it has one. */
export function describeIdentity(identity: Identity): string {
  switch (identity.kind) {
    case "workload":
    case "identityBinding":
      return `identity ${identity.clientId} of service account ${identity.namespace}/${identity.serviceAccount}`;
    case "servicePrincipal":
    case "servicePrincipalCertificate":
      return `identity ${identity.clientId}`;
    case "managedIdentity":
      return identity.clientId === undefined
        ? "the system-assigned managed identity"
        : `managed identity ${identity.clientId}`;
    case "credential":
      return "the application's credential";
    default:
      return assertNever(identity);
  }
}

function partsOf(identity: Identity): readonly string[] {
  switch (identity.kind) {
    case "workload":
    case "identityBinding": {
      const { kind, tenantId, clientId, namespace, serviceAccount, assertion } = identity;
      return [kind, tenantId, clientId, namespace, serviceAccount, provenBy(identity, assertion)];
    }
    case "servicePrincipal":
      return [identity.kind, identity.tenantId, identity.clientId, digest(identity.clientSecret)];
    case "servicePrincipalCertificate": {
      const { kind, tenantId, clientId, certificatePem, privateKeyPem } = identity;
      return [kind, tenantId, clientId, digest(`${certificatePem}\n${privateKeyPem}`)];
    }
    case "managedIdentity":
      return [identity.kind, identity.clientId ?? ""];
    case "credential":
      return [identity.kind, identity.key];
    default:
      return assertNever(identity);
  }
}

/**
 * "" for a token that names the service account, so that its successors share the account's cache. A text that is no
 * such token proves nothing but itself.
 */
function provenBy(identity: WorkloadIdentity, assertion: string): string {
  const payload = assertion.split(".")[1];
  const subject =
    payload === undefined
      ? undefined
      : member(parseJson(Buffer.from(payload, "base64url").toString("utf8")), "sub");
  if (typeof subject !== "string") return digest(assertion);
  if (subject === `system:serviceaccount:${identity.namespace}:${identity.serviceAccount}`) return "";
  throw new VaultError(
    "IdentityMissing",
    `The token handed over for ${describeIdentity(identity)} belongs to another service account.`,
    { nextStep: "Request the token for the service account that the SecretSync or pod names." },
  );
}

function digest(secret: string): string {
  return hash("sha256", secret, "base64url");
}
