import { createHash, generateKeyPairSync, sign, verify, type JsonWebKey, type KeyObject } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import { isJsonObject, type Json, type JsonObject } from "./object.ts";

export interface TokenSubject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface VerifiedToken extends TokenSubject {
  readonly audiences: readonly string[];
}

/** A public key as the published key set holds it. */
export interface PublishedKey extends JsonWebKey {
  readonly kid: string;
  readonly use: "sig";
  readonly alg: "RS256";
}

/**
 * Signs the tokens of service accounts (RS256) with a key of its own, made at the first need and kept in memory only.
 * Synchronous, so that a run on a virtual clock stays deterministic.
 */
export class TokenSigner {
  readonly issuer: string;
  readonly #clock: Clock;
  #keys: { privateKey: KeyObject; publicKey: KeyObject; published: PublishedKey } | undefined;

  constructor(issuer: string, clock: Clock) {
    this.issuer = issuer;
    this.#clock = clock;
  }

  /** The key set of `/openid/v1/jwks`. */
  get jwks(): { readonly keys: readonly PublishedKey[] } {
    return { keys: [this.#key().published] };
  }

  /** A token for these audiences; `bound` names the object whose life limits it. */
  issue(
    subject: TokenSubject,
    audiences: readonly string[],
    lifeSeconds: number,
    tokenId: string,
  ): IssuedToken {
    const { privateKey, published } = this.#key();
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

  /** Whom a token stands for, if this signer made it and it has not expired. */
  verify(token: string): VerifiedToken | undefined {
    const parts = token.split(".");
    if (parts.length !== 3 || this.#keys === undefined) return undefined;
    const signature = Buffer.from(parts[2]!, "base64url");
    const signed = Buffer.from(`${parts[0]}.${parts[1]}`);
    if (!verify("sha256", signed, this.#keys.publicKey, signature)) return undefined;
    const claims = JSON.parse(Buffer.from(parts[1]!, "base64url").toString()) as JsonObject;
    const kubernetes = claims["kubernetes.io"] as JsonObject;
    const account = kubernetes["serviceaccount"];
    if (claims["iss"] !== this.issuer || (claims["exp"] as number) * 1000 <= this.#clock.wallMs())
      return undefined;
    if (!isJsonObject(account)) return undefined;
    return {
      namespace: kubernetes["namespace"] as string,
      name: account["name"] as string,
      uid: account["uid"] as string,
      audiences: claims["aud"] as readonly string[],
    };
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

  #key() {
    if (this.#keys !== undefined) return this.#keys;
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const kid = createHash("sha256")
      .update(publicKey.export({ type: "spki", format: "der" }))
      .digest("base64url");
    const published: PublishedKey = { ...publicKey.export({ format: "jwk" }), kid, use: "sig", alg: "RS256" };
    return (this.#keys = { privateKey, publicKey, published });
  }
}

export interface IssuedToken {
  readonly token: string;
  readonly expiryMs: number;
}

function encodeJson(value: Json): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
