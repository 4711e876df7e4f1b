import { createHash, type KeyObject, type X509Certificate } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { BackupSeal } from "./backup.ts";
import { writeCertificateFile } from "./certificate-file.ts";
import type { CertificateIssuing } from "./certificate-issuing.ts";
import type { CertificatePolicy } from "./certificate-policy.ts";
import { keyMaterialOf } from "./key-material.ts";
import { addKeyVersion, type KeyVersion } from "./key-version.ts";
import { attributesOf, newestOf } from "./object-bundle.ts";
import type { ObjectStore, StoredVersion } from "./object-store.ts";
import { hex32 } from "./random-id.ts";
import { readAttributes, readTags, type JsonObject } from "./request-body.ts";
import type { SecretVersion } from "./secret-operations.ts";
import { ServiceError } from "./service-error.ts";

/** One version of a certificate. Its key and its secret have the same name and version id. */
export interface CertificateVersion extends StoredVersion {
  /** DER in base64; undefined while a new certificate waits for its first merge. */
  cer?: string;
  policy: CertificatePolicy;
}

/** Where certificates live, with the keys and secrets that belong to them. */
export interface CertificateOperationsOptions {
  readonly store: ObjectStore<CertificateVersion>;
  readonly keys: ObjectStore<KeyVersion>;
  readonly secrets: ObjectStore<SecretVersion>;
  readonly clock: Clock;
  readonly random: Random;
  readonly seal: BackupSeal;
  readonly emptyPages: boolean;
  readonly issuing: CertificateIssuing;
}

/** What a new version is made from. */
export interface NewCertificate {
  readonly name: string;
  readonly privateKey: KeyObject;
  readonly policy: CertificatePolicy;
  readonly given: GivenCertificate;
  /** What stands for a certificate that is new and not yet merged. */
  placeholder?: CertificateVersion;
}

/** What a caller says about a version. */
export type GivenCertificate = Partial<StoredVersion>;

/** Adds a disabled version without a certificate, and its key. */
export function addPlaceholder(
  options: CertificateOperationsOptions,
  made: NewCertificate,
): CertificateVersion {
  const seconds = Math.floor(options.clock.wallMs() / 1000);
  const basis = {
    created: seconds,
    updated: seconds,
    ...made.given,
    id: hex32(options.random),
    enabled: false,
  };
  const placeholder = { ...basis, policy: made.policy };
  options.store.add(made.name, placeholder);
  addCertificateKey(options, made, basis);
  return placeholder;
}

/** Adds a version to certificate, key and secret of one name, or completes the one that waits. */
export function addCertificate(
  options: CertificateOperationsOptions,
  made: NewCertificate,
  certificates: readonly X509Certificate[],
): CertificateVersion {
  const { name, privateKey, policy, placeholder } = made;
  const leaf = certificates[0]!;
  const seconds = Math.floor(options.clock.wallMs() / 1000);
  const basis = {
    id: placeholder?.id ?? hex32(options.random),
    created: placeholder?.created ?? seconds,
    updated: seconds,
    enabled: true,
    notBefore: Math.floor(Date.parse(leaf.validFrom) / 1000),
    expires: Math.floor(Date.parse(leaf.validTo) / 1000),
    ...made.given,
  };
  const version = Object.assign(placeholder ?? { policy }, basis, { cer: leaf.raw.toString("base64") });
  if (placeholder === undefined) {
    options.store.add(name, version);
    addCertificateKey(options, made, basis);
  } else {
    Object.assign(options.keys.version(name, basis.id), basis);
  }
  const contentType = policy.secret_props.contentType;
  const exported = policy.key_props.exportable ? privateKey : undefined;
  const value = writeCertificateFile(contentType, { privateKey: exported, certificates });
  options.secrets.add(name, { ...basis, managed: true, value, contentType });
  return version;
}

function addCertificateKey(
  { keys, clock, random }: CertificateOperationsOptions,
  { name, privateKey, policy }: NewCertificate,
  basis: StoredVersion,
): void {
  const material = keyMaterialOf(privateKey, String(policy.key_props.kty).endsWith("-HSM"));
  addKeyVersion({ store: keys, clock, random }, name, material, { ...basis, managed: true });
}

/** A certificate takes its name in all three collections; what is there must be of a certificate too. */
export function assertNameIsFree({ store, keys, secrets }: CertificateOperationsOptions, name: string): void {
  store.assertFree(name);
  for (const [kind, other] of [
    ["key", keys],
    ["secret", secrets],
  ] as const) {
    other.assertFree(name);
    const object = other.find(name);
    if (object === undefined || newestOf<StoredVersion>(object).managed === true) continue;
    throw new ServiceError(
      409,
      "Conflict",
      `A ${kind} named ${name} exists that does not belong to a certificate.`,
    );
  }
}

/** Reads attributes and tags; absent ones are left out. */
export function readGiven(body: JsonObject): GivenCertificate {
  const tags = readTags(body);
  return { ...readAttributes(body), ...(tags === undefined ? {} : { tags }) };
}

/** The full answer about a version. */
export function bundle(baseUrl: string, name: string, version: CertificateVersion): Record<string, unknown> {
  return {
    ...item(baseUrl, `${name}/${version.id}`, version),
    kid: `${baseUrl}/keys/${name}/${version.id}`,
    ...(version.cer === undefined
      ? {}
      : { sid: `${baseUrl}/secrets/${name}/${version.id}`, cer: version.cer }),
    policy: policyAnswer(baseUrl, name, version.policy),
    pending: { id: `${baseUrl}/certificates/${name}/pending` },
  };
}

/** The short answer about a version. */
export function item(
  baseUrl: string,
  path: string,
  { cer, ...version }: CertificateVersion,
): Record<string, unknown> {
  return {
    id: `${baseUrl}/certificates/${path}`,
    ...(cer === undefined
      ? {}
      : { x5t: createHash("sha1").update(Buffer.from(cer, "base64")).digest("base64url") }),
    attributes: attributesOf(version),
    ...(version.tags === undefined ? {} : { tags: version.tags }),
  };
}

/** The answer about a policy. */
export function policyAnswer(
  baseUrl: string,
  name: string,
  policy: CertificatePolicy,
): Record<string, unknown> {
  return { id: `${baseUrl}/certificates/${name}/policy`, ...policy };
}
