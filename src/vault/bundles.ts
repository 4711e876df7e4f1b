import type { KeyVaultCertificate } from "@azure/keyvault-certificates";
import type { JsonWebKey, KeyVaultKey } from "@azure/keyvault-keys";
import type { KeyVaultSecret } from "@azure/keyvault-secrets";

/** What every object of a vault has. Times are wall milliseconds; the vault keeps whole seconds. Frozen. */
export interface ObjectVersion {
  /** `https://demo.vault.azure.net/secrets/db/0123…`. */
  readonly id: string;
  readonly version: string;
  readonly isEnabled: boolean;
  readonly createdMs?: number;
  readonly updatedMs?: number;
  readonly notBeforeMs?: number;
  readonly expiresMs?: number;
}

export interface SecretBundle extends ObjectVersion {
  readonly value: string;
  readonly contentType?: string;
  /** The key of the certificate that this secret belongs to. */
  readonly kid?: string;
}

export interface KeyBundle extends ObjectVersion {
  /** The public key as a JSON Web Key, base64url; `kty` may be RSA-HSM or EC-HSM. */
  readonly jwk: {
    readonly kty: string;
    readonly crv?: string;
    readonly n?: string;
    readonly e?: string;
    readonly x?: string;
    readonly y?: string;
  };
}

export interface CertificateBundle extends ObjectVersion {
  /** The leaf certificate, DER. */
  readonly der: Uint8Array;
  /** The key and the secret (with the chain and private key) of the same certificate. */
  readonly kid?: string;
  readonly sid?: string;
}

/** An answer that has not the parts of a Key Vault object. Which part is all that it says. */
class UnreadableBundleError extends Error {
  override readonly name = "UnreadableBundleError";
}

/** From the SDK's object. Throws when a part is missing, and says only which one. */
export function secretBundle(secret: KeyVaultSecret): SecretBundle {
  const { contentType, certificateKeyId } = secret.properties;
  return Object.freeze({
    ...objectVersion(secret.properties),
    value: required(secret.value, "value"),
    ...(typeof contentType === "string" ? { contentType } : {}),
    ...(typeof certificateKeyId === "string" ? { kid: certificateKeyId } : {}),
  });
}

/** From the SDK's object, as {@link secretBundle}; what is private in a key never leaves the vault. */
export function keyBundle(key: KeyVaultKey): KeyBundle {
  return Object.freeze({ ...objectVersion(key.properties), jwk: publicJwk(key.key) });
}

/** From the SDK's object, as {@link secretBundle}. */
export function certificateBundle(certificate: KeyVaultCertificate): CertificateBundle {
  const { cer, keyId, secretId } = certificate;
  if (!(cer instanceof Uint8Array)) throw new UnreadableBundleError("an answer without cer");
  return Object.freeze({
    ...objectVersion(certificate.properties),
    der: cer,
    ...(typeof keyId === "string" ? { kid: keyId } : {}),
    ...(typeof secretId === "string" ? { sid: secretId } : {}),
  });
}

/** About what a bundle takes in memory. */
export function bundleSizeBytes(bundle: SecretBundle | KeyBundle | CertificateBundle): number {
  const overheadBytes = 1_024;
  if ("value" in bundle) return overheadBytes + bundle.value.length;
  return overheadBytes + ("der" in bundle ? bundle.der.length : 0);
}

/** The part that lists of versions have. */
export function objectVersion(properties: {
  readonly id?: string | undefined;
  readonly version?: string | undefined;
  readonly enabled?: boolean | undefined;
  readonly createdOn?: Date | undefined;
  readonly updatedOn?: Date | undefined;
  readonly notBefore?: Date | undefined;
  readonly expiresOn?: Date | undefined;
}): ObjectVersion {
  return Object.freeze({
    id: required(properties.id, "id"),
    version: required(properties.version, "version"),
    isEnabled: properties.enabled !== false,
    ...timeField("createdMs", properties.createdOn),
    ...timeField("updatedMs", properties.updatedOn),
    ...timeField("notBeforeMs", properties.notBefore),
    ...timeField("expiresMs", properties.expiresOn),
  });
}

function timeField<const Name extends string>(
  name: Name,
  time: Date | undefined,
): { readonly [K in Name]?: number } {
  const ms = time?.getTime();
  return (ms === undefined || Number.isNaN(ms) ? {} : { [name]: ms }) as { readonly [K in Name]?: number };
}

function publicJwk(key: JsonWebKey | undefined): KeyBundle["jwk"] {
  const jwk: { kty: string } & Record<string, string> = { kty: required(key?.kty, "key") };
  if (typeof key?.crv === "string") jwk["crv"] = key.crv;
  for (const name of ["n", "e", "x", "y"] as const) {
    const bytes = key?.[name];
    if (bytes !== undefined) jwk[name] = Buffer.from(bytes).toString("base64url");
  }
  return Object.freeze(jwk);
}

function required(value: string | undefined, name: string): string {
  if (typeof value === "string") return value;
  throw new UnreadableBundleError(`an answer without ${name}`);
}
