import { createPublicKey, verify, type JsonWebKey, type KeyObject } from "node:crypto";
import { isJsonObject, type JsonObject } from "./request-body.ts";

/** A public key set as OpenID providers publish it. */
export interface JsonWebKeySet {
  readonly keys: readonly (JsonWebKey & { readonly kid?: string })[];
}

/** A token taken apart, its signature not yet checked. */
export interface DecodedToken {
  readonly header: JsonObject;
  readonly claims: JsonObject;
  readonly signedText: string;
  readonly signature: Buffer;
}

/** Takes a JSON Web Token apart; undefined when it is not one. */
export function decodeToken(token: string): DecodedToken | undefined {
  const parts = token.split(".");
  if (parts.length !== 3) return undefined;
  const header = decodePart(parts[0]!);
  const claims = decodePart(parts[1]!);
  if (header === undefined || claims === undefined) return undefined;
  return {
    header,
    claims,
    signedText: `${parts[0]}.${parts[1]}`,
    signature: Buffer.from(parts[2]!, "base64url"),
  };
}

/** Whether the signature is by the key of the set that the header names, with RS256, PS256 or ES256. Synchronous. */
export function isSignedBy(token: DecodedToken, set: JsonWebKeySet): boolean {
  const kid = token.header["kid"];
  const candidates = set.keys.filter((key) => kid === undefined || key.kid === undefined || key.kid === kid);
  return candidates.some((key) => hasSignature(token, key));
}

/** A claim when it is a string. */
export function stringClaim(claims: JsonObject, name: string): string | undefined {
  const value = claims[name];
  return typeof value === "string" ? value : undefined;
}

function hasSignature(token: DecodedToken, jwk: JsonWebKey): boolean {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: jwk, format: "jwk" });
  } catch {
    return false;
  }
  const data = Buffer.from(token.signedText);
  switch (token.header["alg"]) {
    case "RS256":
      return key.asymmetricKeyType === "rsa" && verify("sha256", data, key, token.signature);
    case "PS256": {
      const options = { key, padding: rsaPssPadding, saltLength: 32 };
      return key.asymmetricKeyType === "rsa" && verify("sha256", data, options, token.signature);
    }
    case "ES256":
      return (
        key.asymmetricKeyType === "ec" &&
        verify("sha256", data, { key, dsaEncoding: "ieee-p1363" }, token.signature)
      );
    default:
      return false;
  }
}

/** `constants.RSA_PKCS1_PSS_PADDING`. */
const rsaPssPadding = 6;

function decodePart(part: string): JsonObject | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
    return isJsonObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
