import { constants, privateDecrypt, publicEncrypt } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import { objectOperation, ok } from "./collection-route.ts";
import { isDigestSignature, signDigest } from "./ecdsa.ts";
import { privateKeyOf, publicKeyOf, type CurveName } from "./key-material.ts";
import type { KeyVersion } from "./key-version.ts";
import type { ObjectStore } from "./object-store.ts";
import { readJsonObject, readRequiredString, type JsonObject } from "./request-body.ts";
import {
  digestBytes,
  isPkcs1Signature,
  isPssSignature,
  signPkcs1,
  signPss,
  type DigestName,
} from "./rsa-digest.ts";
import { badParameter, isDisabled, ServiceError } from "./service-error.ts";
import type { VaultOperation } from "./vault-operation.ts";

/** Encrypt, decrypt, wrap, unwrap, sign and verify, by the last segment of their path in lower case. */
export function keyCryptoOperations(
  store: ObjectStore<KeyVersion>,
  clock: Clock,
  charge: VaultOperation["charge"],
): ReadonlyMap<string, VaultOperation> {
  const operation = (name: string, keyOperation: string, run: Computation) =>
    objectOperation(name, charge, ({ request, segments, baseUrl }, keyName) => {
      const versionId = segments.length === 4 ? segments[2] : undefined;
      const key = store.version(keyName, versionId);
      assertUsable(key, keyOperation, clock.wallMs() / 1000);
      const kid = `${baseUrl}/keys/${store.get(keyName).name}/${key.id}`;
      const body = readJsonObject(request.body);
      const value = run(key, readRequiredString(body, "alg"), body);
      return ok(typeof value === "boolean" ? { value } : { kid, value: value.toString("base64url") });
    });
  return new Map([
    ["encrypt", operation("KeyEncrypt", "encrypt", encrypt)],
    ["decrypt", operation("KeyDecrypt", "decrypt", decrypt)],
    ["wrapkey", operation("KeyWrap", "wrapKey", encrypt)],
    ["unwrapkey", operation("KeyUnwrap", "unwrapKey", decrypt)],
    ["sign", operation("KeySign", "sign", sign)],
    ["verify", operation("KeyVerify", "verify", verify)],
  ]);
}

type Computation = (key: KeyVersion, algorithm: string, body: JsonObject) => Buffer | boolean;

/** Keys out of their time may still undo what was done with them. */
const undoingOperations = ["decrypt", "unwrapKey", "verify"];

function assertUsable(key: KeyVersion, operation: string, nowSeconds: number): void {
  if (!key.enabled) throw isDisabled("Key", operation);
  if (!key.keyOperations.some((each) => each.toLowerCase() === operation.toLowerCase())) {
    throw new ServiceError(
      403,
      "Forbidden",
      `Operation ${operation} is not permitted on this key.`,
      "KeyOperationForbidden",
    );
  }
  if (undoingOperations.includes(operation)) return;
  if (key.notBefore !== undefined && nowSeconds < key.notBefore) {
    throw new ServiceError(
      403,
      "Forbidden",
      `Operation ${operation} is not allowed on a key that is not valid yet.`,
      "KeyNotYetValid",
    );
  }
  if (key.expires !== undefined && nowSeconds >= key.expires) {
    throw new ServiceError(
      403,
      "Forbidden",
      `Operation ${operation} is not allowed on an expired key.`,
      "KeyExpired",
    );
  }
}

const encryptionPaddings: ReadonlyMap<string, { readonly padding: number; readonly oaepHash?: string }> =
  new Map([
    ["RSA1_5", { padding: constants.RSA_PKCS1_PADDING }],
    ["RSA-OAEP", { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha1" }],
    ["RSA-OAEP-256", { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }],
  ]);

function encrypt(key: KeyVersion, algorithm: string, body: JsonObject): Buffer {
  const padding = paddingOf(key, algorithm);
  const value = readBytes(body, "value");
  try {
    return publicEncrypt({ key: publicKeyOf(key), ...padding }, value);
  } catch {
    throw badParameter("Property value has invalid value: it is too long for this key and algorithm.");
  }
}

function decrypt(key: KeyVersion, algorithm: string, body: JsonObject): Buffer {
  const padding = paddingOf(key, algorithm);
  const value = readBytes(body, "value");
  try {
    return privateDecrypt({ key: privateKeyOf(key), ...padding }, value);
  } catch {
    throw badParameter("Property value has invalid value: it was not encrypted with this key and algorithm.");
  }
}

function paddingOf(key: KeyVersion, algorithm: string) {
  const padding = encryptionPaddings.get(algorithm);
  if (padding === undefined || key.curve !== undefined) throw wrongAlgorithm();
  return padding;
}

type SignatureScheme =
  | { readonly kind: "pkcs1" | "pss"; readonly hash: DigestName }
  | { readonly kind: "ecdsa"; readonly hash: DigestName; readonly curve: CurveName };

const signatureSchemes: ReadonlyMap<string, SignatureScheme> = new Map<string, SignatureScheme>([
  ["RS256", { kind: "pkcs1", hash: "sha256" }],
  ["RS384", { kind: "pkcs1", hash: "sha384" }],
  ["RS512", { kind: "pkcs1", hash: "sha512" }],
  ["PS256", { kind: "pss", hash: "sha256" }],
  ["PS384", { kind: "pss", hash: "sha384" }],
  ["PS512", { kind: "pss", hash: "sha512" }],
  ["ES256", { kind: "ecdsa", hash: "sha256", curve: "P-256" }],
  ["ES256K", { kind: "ecdsa", hash: "sha256", curve: "P-256K" }],
  ["ES384", { kind: "ecdsa", hash: "sha384", curve: "P-384" }],
  ["ES512", { kind: "ecdsa", hash: "sha512", curve: "P-521" }],
]);

function sign(key: KeyVersion, algorithm: string, body: JsonObject): Buffer {
  const scheme = schemeOf(key, algorithm);
  const digest = readDigest(body, "value", scheme.hash);
  switch (scheme.kind) {
    case "pkcs1":
      return signPkcs1(scheme.hash, privateKeyOf(key), digest);
    case "pss":
      return signPss(scheme.hash, privateKeyOf(key), digest);
    case "ecdsa":
      return signDigest(scheme.curve, key.privateJwk, digest);
  }
}

function verify(key: KeyVersion, algorithm: string, body: JsonObject): boolean {
  const scheme = schemeOf(key, algorithm);
  const digest = readDigest(body, "digest", scheme.hash);
  const signature = readBytes(body, "value");
  switch (scheme.kind) {
    case "pkcs1":
      return isPkcs1Signature(scheme.hash, publicKeyOf(key), digest, signature);
    case "pss":
      return isPssSignature(scheme.hash, publicKeyOf(key), digest, signature);
    case "ecdsa":
      return isDigestSignature(scheme.curve, key.privateJwk, digest, signature);
  }
}

function schemeOf(key: KeyVersion, algorithm: string): SignatureScheme {
  const scheme = signatureSchemes.get(algorithm);
  const curve = scheme?.kind === "ecdsa" ? scheme.curve : undefined;
  if (scheme === undefined || curve !== key.curve) throw wrongAlgorithm();
  return scheme;
}

function wrongAlgorithm(): ServiceError {
  return badParameter("Property alg has invalid value: this kind of key does not have such an algorithm.");
}

function readDigest(body: JsonObject, name: string, hash: DigestName): Buffer {
  const digest = readBytes(body, name);
  if (digest.length === digestBytes[hash]) return digest;
  throw badParameter(`Property ${name} has invalid value: it is not a digest of ${digestBytes[hash]} bytes.`);
}

function readBytes(body: JsonObject, name: string): Buffer {
  const text = readRequiredString(body, name);
  if (!/^[A-Za-z0-9_-]*={0,2}$/.test(text)) {
    throw badParameter(`Property ${name} has invalid value: it is not base64url.`);
  }
  return Buffer.from(text, "base64url");
}
