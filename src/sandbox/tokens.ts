import { createHash, generateKeyPairSync, sign, type JsonWebKey, type KeyObject } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import type { Json, JsonObject } from "./object.ts";

/** The service account that a token stands for. */
export interface TokenSubject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** A public key as the published key set holds it. */
export interface PublishedKey extends JsonWebKey {
  readonly kid: string;
  readonly use: "sig";
  readonly alg: "RS256";
}

/**
 * Signs the tokens of service accounts (RS256) with a key that is made at the first need and kept in memory only.
 * Synchronous, so that a run on a virtual clock stays deterministic.
 */
export class TokenSigner {
  readonly issuer: string;
  readonly #clock: Clock;

  constructor(issuer: string, clock: Clock) {
    this.issuer = issuer;
    this.#clock = clock;
  }

  /** The key set of `/openid/v1/jwks`. */
  get jwks(): { readonly keys: readonly PublishedKey[] } {
    return { keys: [signingKey().published] };
  }

  /** A token for these audiences; `tokenId` becomes its `jti`. */
  issue(
    subject: TokenSubject,
    audiences: readonly string[],
    lifeSeconds: number,
    tokenId: string,
  ): IssuedToken {
    const { privateKey, published } = signingKey();
    const issuedSeconds = Math.floor(this.#clock.wallMs() / 1000);
    const expirySeconds = issuedSeconds + lifeSeconds;
    const claims = {
      aud: audiences,
      exp: expirySeconds,
      iat: issuedSeconds,
      iss: this.issuer,
      jti: tokenId,
      "kubernetes.io": {
        namespace: subject.namespace,
        serviceaccount: { name: subject.name, uid: subject.uid },
      },
      nbf: issuedSeconds,
      sub: `system:serviceaccount:${subject.namespace}:${subject.name}`,
    };
    const signed = `${encodeJson({ alg: "RS256", kid: published.kid })}.${encodeJson(claims)}`;
    const signature = sign("sha256", Buffer.from(signed), privateKey).toString("base64url");
    return { token: `${signed}.${signature}`, expiryMs: expirySeconds * 1000 };
  }

  /** The document of `/.well-known/openid-configuration`. */
  get configuration(): JsonObject {
    return {
      issuer: this.issuer,
      jwks_uri: `${this.issuer.replace(/\/$/, "")}/openid/v1/jwks`,
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["RS256"],
    };
  }
}

interface SigningKey {
  readonly privateKey: KeyObject;
  readonly published: PublishedKey;
}

let processKey: SigningKey | undefined;

/** Making a key takes a tenth of a second, so all sandboxes of a process share one; their issuers tell them apart. */
function signingKey(): SigningKey {
  if (processKey !== undefined) return processKey;
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const der = publicKey.export({ type: "spki", format: "der" });
  const kid = createHash("sha256").update(der).digest("base64url");
  const published: PublishedKey = { ...publicKey.export({ format: "jwk" }), kid, use: "sig", alg: "RS256" };
  return (processKey = { privateKey, published });
}

/** A signed token and the wall time of its end. */
export interface IssuedToken {
  readonly token: string;
  readonly expiryMs: number;
}

function encodeJson(value: Json): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
