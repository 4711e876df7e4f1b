import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
} from "node:crypto";
import { isJsonObject, readString, type JsonObject } from "./request-body.ts";
import { badParameter } from "./service-error.ts";

/** The part of a key version that the cryptography needs. It is plain data, so that it can be backed up. */
export interface KeyMaterial {
  readonly keyType: "RSA" | "RSA-HSM" | "EC" | "EC-HSM";
  /** Of RSA keys. */
  readonly sizeBits?: number;
  /** Of EC keys, as Key Vault calls it. */
  readonly curve?: CurveName;
  /** With the curve names of node:crypto. */
  readonly privateJwk: JsonWebKey;
}

/** The curves of Key Vault. */
export type CurveName = "P-256" | "P-384" | "P-521" | "P-256K";

const curves: Readonly<Record<CurveName, { readonly openSslName: string; readonly jwkName: string }>> = {
  "P-256": { openSslName: "prime256v1", jwkName: "P-256" },
  "P-384": { openSslName: "secp384r1", jwkName: "P-384" },
  "P-521": { openSslName: "secp521r1", jwkName: "P-521" },
  "P-256K": { openSslName: "secp256k1", jwkName: "secp256k1" },
};

/**
 * Makes a key pair of type `kty` with `size` bits (RSA) or on `curve` (EC), as the REST API names them. Answers 400
 * for what Key Vault cannot make. Synchronous: RSA 4096 takes a second or so.
 */
export function createKeyMaterial(kty: unknown, size: unknown, curve: unknown): KeyMaterial {
  switch (kty) {
    case "RSA":
    case "RSA-HSM": {
      const sizeBits = size ?? 2048;
      if (sizeBits !== 2048 && sizeBits !== 3072 && sizeBits !== 4096) {
        throw badParameter("Property key_size has invalid value: it is not 2048, 3072 or 4096.");
      }
      const { privateKey } = generateKeyPairSync("rsa", { modulusLength: sizeBits });
      return { keyType: kty, sizeBits, privateJwk: privateKey.export({ format: "jwk" }) };
    }
    case "EC":
    case "EC-HSM": {
      const name = readCurve(curve ?? "P-256");
      const { privateKey } = generateKeyPairSync("ec", { namedCurve: curves[name].openSslName });
      return { keyType: kty, curve: name, privateJwk: privateKey.export({ format: "jwk" }) };
    }
    default:
      throw badParameter("Property kty has invalid value: it is not RSA, RSA-HSM, EC or EC-HSM.");
  }
}

/** Takes the private key that `key` (a JSON Web Key) holds. Never echoes it. */
export function importKeyMaterial(key: unknown, isHsm: boolean): KeyMaterial {
  if (!isJsonObject(key)) throw badParameter("Property key has invalid value: it is not a JSON Web Key.");
  const keyType = readString(key, "kty")?.replace("-HSM", "");
  if (keyType !== "RSA" && keyType !== "EC") {
    throw badParameter("Property key.kty has invalid value: it is not RSA or EC.");
  }
  return keyMaterialOf(parsePrivateKey(key), isHsm);
}

/** The material of a private key that was read elsewhere, such as from a certificate's PFX. */
export function keyMaterialOf(privateKey: KeyObject, isHsm = false): KeyMaterial {
  const privateJwk = privateKey.export({ format: "jwk" });
  if (privateKey.asymmetricKeyType === "rsa") {
    const sizeBits = privateKey.asymmetricKeyDetails?.modulusLength ?? 0;
    return { keyType: isHsm ? "RSA-HSM" : "RSA", sizeBits, privateJwk };
  }
  if (privateKey.asymmetricKeyType === "ec") {
    return { keyType: isHsm ? "EC-HSM" : "EC", curve: curveOfJwk(privateJwk), privateJwk };
  }
  throw badParameter("The private key is neither an RSA nor an EC key, which is all that a vault holds.");
}

const keyObjects = new WeakMap<JsonWebKey, KeyObject>();

/** The private key for node:crypto. */
export function privateKeyOf({ privateJwk }: KeyMaterial): KeyObject {
  let key = keyObjects.get(privateJwk);
  if (key === undefined) {
    key = createPrivateKey({ key: privateJwk, format: "jwk" });
    keyObjects.set(privateJwk, key);
  }
  return key;
}

/** The public half for node:crypto. */
export function publicKeyOf(material: KeyMaterial): KeyObject {
  return createPublicKey(privateKeyOf(material));
}

/** The public members of the JSON Web Key, as the REST API shows them. */
export function publicMembers({ keyType, curve, privateJwk }: KeyMaterial): Record<string, unknown> {
  if (curve === undefined) return { kty: keyType, n: privateJwk.n, e: privateJwk.e };
  return { kty: keyType, crv: curve, x: privateJwk.x, y: privateJwk.y };
}

function parsePrivateKey(key: JsonObject): KeyObject {
  const kty = String(key["kty"]).replace("-HSM", "");
  const crv = kty === "EC" ? { crv: curves[readCurve(key["crv"])].jwkName } : {};
  try {
    return createPrivateKey({ key: { ...key, ...crv, kty }, format: "jwk" });
  } catch {
    throw badParameter("Property key has invalid value: it is not a complete private key.");
  }
}

function readCurve(name: unknown): CurveName {
  if (typeof name === "string" && Object.hasOwn(curves, name)) return name as CurveName;
  throw badParameter("Property crv has invalid value: it is not P-256, P-384, P-521 or P-256K.");
}

function curveOfJwk({ crv }: JsonWebKey): CurveName {
  for (const [name, { jwkName }] of Object.entries(curves)) if (jwkName === crv) return name as CurveName;
  throw badParameter("The private key is on a curve that a vault does not hold.");
}
