import { member } from "./json.ts";

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
export class UnreadableBundleError extends Error {
  override readonly name = "UnreadableBundleError";
}

/** From the JSON of GET secret. Throws when a part is missing, and says only which one. */
export function secretBundle(body: unknown): SecretBundle {
  return Object.freeze({
    ...objectVersion(body, member(body, "id")),
    value: required(body, "value"),
    ...textField("contentType", body),
    ...textField("kid", body),
  });
}

/** From the JSON of GET key, as {@link secretBundle}. */
export function keyBundle(body: unknown): KeyBundle {
  const key = member(body, "key");
  const jwk = {
    kty: required(key, "kty"),
    ...textField("crv", key),
    ...textField("n", key),
    ...textField("e", key),
    ...textField("x", key),
    ...textField("y", key),
  };
  return Object.freeze({ ...objectVersion(body, member(key, "kid")), jwk: Object.freeze(jwk) });
}

/** From the JSON of GET certificate, as {@link secretBundle}. */
export function certificateBundle(body: unknown): CertificateBundle {
  return Object.freeze({
    ...objectVersion(body, member(body, "id")),
    der: Buffer.from(required(body, "cer"), "base64"),
    ...textField("kid", body),
    ...textField("sid", body),
  });
}

/** One answer to a list. */
export interface VersionPage {
  /** May be empty although there are more pages. */
  readonly versions: readonly ObjectVersion[];
  /** Where the next page is, path and query; undefined after the last one. */
  readonly nextPath: string | undefined;
}

/** From the JSON of a list of versions. Throws as {@link secretBundle}, and when the next page is not at `vaultUrl`. */
export function versionPage(body: unknown, vaultUrl: string): VersionPage {
  const items = member(body, "value");
  if (!Array.isArray(items)) throw new UnreadableBundleError("an answer without value");
  const versions = items.map((item: unknown) =>
    Object.freeze(objectVersion(item, member(item, "kid") ?? member(item, "id"))),
  );
  const nextLink = member(body, "nextLink") ?? "";
  if (nextLink === "") return { versions, nextPath: undefined };
  // Links write the default port out, and a cloud's domain may be given in capitals.
  const url = typeof nextLink === "string" && URL.canParse(nextLink) ? new URL(nextLink) : undefined;
  if (url?.origin !== new URL(vaultUrl).origin)
    throw new UnreadableBundleError("a nextLink that leads elsewhere");
  return { versions, nextPath: `${url.pathname}${url.search}` };
}

/** About what a bundle takes in memory. */
export function bundleSizeBytes(bundle: SecretBundle | KeyBundle | CertificateBundle): number {
  const overheadBytes = 1_024;
  if ("value" in bundle) return overheadBytes + bundle.value.length;
  return overheadBytes + ("der" in bundle ? bundle.der.length : 0);
}

function objectVersion(body: unknown, id: unknown): ObjectVersion {
  const version = typeof id === "string" ? versionInId.exec(id)?.[1] : undefined;
  if (typeof id !== "string" || version === undefined)
    throw new UnreadableBundleError("an answer without id");
  const attributes = member(body, "attributes");
  return {
    id,
    version,
    isEnabled: member(attributes, "enabled") !== false,
    ...timeField("createdMs", attributes, "created"),
    ...timeField("updatedMs", attributes, "updated"),
    ...timeField("notBeforeMs", attributes, "nbf"),
    ...timeField("expiresMs", attributes, "exp"),
  };
}

const versionInId = /^https:\/\/[^/]+\/[a-z]+\/[^/]+\/([0-9a-zA-Z]{1,64})$/;

/** The vault counts in seconds. */
function timeField<const Name extends string>(
  name: Name,
  attributes: unknown,
  wireName: string,
): { readonly [K in Name]?: number } {
  const seconds = member(attributes, wireName);
  return (typeof seconds === "number" ? { [name]: seconds * 1_000 } : {}) as {
    readonly [K in Name]?: number;
  };
}

function textField<const Name extends string>(name: Name, body: unknown): { readonly [K in Name]?: string } {
  const text = member(body, name);
  return (typeof text === "string" ? { [name]: text } : {}) as { readonly [K in Name]?: string };
}

function required(body: unknown, name: string): string {
  const text = member(body, name);
  if (typeof text === "string") return text;
  throw new UnreadableBundleError(`an answer without ${name}`);
}
