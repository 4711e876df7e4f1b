import { createHash, generateKeyPairSync, sign } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import { decodeToken, isSignedBy, stringClaim, type JsonWebKeySet } from "./json-web-token.ts";

/** Who a token speaks for. */
export interface Identity {
  readonly clientId: string;
  /** Of the service principal; derived from the client id. */
  readonly objectId: string;
}

/** What a valid token says. */
interface VerifiedToken {
  readonly identity: Identity;
  /** The resource it was issued for, without trailing slash. */
  readonly audience: string;
  readonly expiresAtMs: number;
}

/** Issues access tokens as Entra does and checks them. The signing key lives in memory only. */
export interface TokenAuthority {
  readonly lifetimeSeconds: number;
  readonly keySet: JsonWebKeySet;
  issue(clientId: string, resource: string): string;
  /** The token's content, or undefined if it is not ours; an expired one is returned as well. */
  verify(token: string): VerifiedToken | undefined;
}

/** Verified tokens are remembered so that a request costs no signature check; the oldest make room. */
const verifiedTokenLimit = 20_000;
const keyId = "keyweir-emulator";

/** An authority with a new P-256 key. Times are of `clock`. */
export function createTokenAuthority(
  clock: Clock,
  tenantId: string,
  lifetimeSeconds: number,
): TokenAuthority {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = publicKey.export({ format: "jwk" });
  const keySet = { keys: [{ ...jwk, kid: keyId, use: "sig", alg: "ES256" }] };
  const header = encode({ alg: "ES256", typ: "JWT", kid: keyId });
  const verified = new Map<string, VerifiedToken>();

  return {
    lifetimeSeconds,
    keySet,
    issue(clientId, resource) {
      const seconds = Math.floor(clock.wallMs() / 1000);
      const { objectId } = identityOf(clientId);
      const signedText = `${header}.${encode({
        aud: resource,
        iss: `https://sts.windows.net/${tenantId}/`,
        iat: seconds,
        nbf: seconds,
        exp: seconds + lifetimeSeconds,
        appid: clientId,
        idtyp: "app",
        oid: objectId,
        sub: objectId,
        tid: tenantId,
        ver: "1.0",
      })}`;
      const signature = sign("sha256", Buffer.from(signedText), {
        key: privateKey,
        dsaEncoding: "ieee-p1363",
      });
      return `${signedText}.${signature.toString("base64url")}`;
    },
    verify(token) {
      const known = verified.get(token);
      if (known !== undefined) return known;
      const content = readAccessToken(token, keySet);
      if (content === undefined) return undefined;
      if (verified.size >= verifiedTokenLimit) verified.delete(verified.keys().next().value!);
      verified.set(token, content);
      return content;
    },
  };
}

function readAccessToken(token: string, keySet: JsonWebKeySet): VerifiedToken | undefined {
  const decoded = decodeToken(token);
  if (decoded === undefined || !isSignedBy(decoded, keySet)) return undefined;
  const clientId = stringClaim(decoded.claims, "appid");
  const audience = stringClaim(decoded.claims, "aud");
  const expires = decoded.claims["exp"];
  if (clientId === undefined || audience === undefined || typeof expires !== "number") return undefined;
  return {
    identity: identityOf(clientId),
    audience: audience.replace(/\/+$/, ""),
    expiresAtMs: expires * 1000,
  };
}

/** The service principal of a client; the same client id in any case of letters has the same object id. */
export function identityOf(clientId: string): Identity {
  const hash = createHash("sha256").update(clientId.toLowerCase()).digest("hex");
  const objectId = `${hash.slice(0, 8)}-${hash.slice(8, 12)}-4${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
  return { clientId, objectId };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
