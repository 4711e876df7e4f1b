import type { Cloud } from "../vault/clouds.ts";
import type { VaultIdentity } from "./identity.ts";

/**
 * What the provider needs of Key Vault: one read per method, with caching, budget, retries and errors on the other
 * side. Failures are thrown with `code`, `retryable` and `retryAfterMs` (see fetch-error.ts).
 */
export interface ObjectSource {
  getSecret(request: ObjectRequest, signal: AbortSignal): Promise<SecretObject>;
  getKey(request: ObjectRequest, signal: AbortSignal): Promise<KeyObject>;
  getCertificate(request: ObjectRequest, signal: AbortSignal): Promise<CertificateObject>;
  /** All versions, in no certain order. */
  listSecretVersions(request: ObjectRequest, signal: AbortSignal): Promise<readonly VersionInfo[]>;
  listKeyVersions(request: ObjectRequest, signal: AbortSignal): Promise<readonly VersionInfo[]>;
  listCertificateVersions(request: ObjectRequest, signal: AbortSignal): Promise<readonly VersionInfo[]>;
}

export interface ObjectRequest {
  readonly identity: VaultIdentity;
  readonly cloud: Cloud;
  readonly vaultName: string;
  readonly name: string;
  /** Absent: the newest. */
  readonly version?: string;
  readonly lane: Lane;
}

/** Why an object is fetched, most urgent first. */
export const lanes = ["new", "forced", "rotated", "routine"] as const;

export type Lane = (typeof lanes)[number];

export interface SecretObject {
  readonly value: string;
  readonly version: string;
  readonly contentType?: string;
  /** The key id of a secret that belongs to a certificate. */
  readonly kid?: string;
}

export interface KeyObject {
  readonly version: string;
  /** The public key as a JSON Web Key; `kty` may be RSA-HSM or EC-HSM. */
  readonly jwk: {
    readonly kty: string;
    readonly crv?: string;
    readonly n?: string;
    readonly e?: string;
    readonly x?: string;
    readonly y?: string;
  };
}

export interface CertificateObject {
  readonly version: string;
  /** The leaf certificate, DER. */
  readonly der: Uint8Array;
}

export interface VersionInfo {
  readonly version: string;
  readonly isEnabled: boolean;
  /** Milliseconds since the Unix epoch; absent counts as oldest. */
  readonly createdMs?: number;
}
