import { createPublicKey } from "node:crypto";
import type { KeyBundle } from "../vault/bundles.ts";
import { ObjectError } from "./fetch-error.ts";
import { encodePem } from "./pem.ts";

/** A key object as PEM: the public key, PKIX. RSA and EC on P-256, P-384, P-521 and P-256K, in software or HSM. */
export function keyToPem(jwk: KeyBundle["jwk"]): string {
  const kty = jwk.kty.replace(/-HSM$/, "");
  if (kty !== "RSA" && kty !== "EC") {
    throw new ObjectError(
      "Conversion",
      `failed to get key. key type '${jwk.kty.slice(0, 16)}' currently not supported`,
    );
  }
  // JSON Web Key (RFC 8812) and Key Vault name this curve differently.
  const crv = jwk.crv === "P-256K" ? "secp256k1" : jwk.crv;
  try {
    const key = createPublicKey({
      key: { ...jwk, kty, ...(crv === undefined ? {} : { crv }) },
      format: "jwk",
    });
    return encodePem("PUBLIC KEY", key.export({ format: "der", type: "spki" }));
  } catch {
    throw new ObjectError(
      "Conversion",
      kty === "EC"
        ? `curve ${(jwk.crv ?? "").slice(0, 16)} is not supported, or its point is not on it`
        : "the key of the vault is not a readable RSA key",
    );
  }
}

/** A certificate object as PEM: the leaf alone. */
export function certificateToPem(der: Uint8Array): string {
  return encodePem("CERTIFICATE", Buffer.from(der));
}
