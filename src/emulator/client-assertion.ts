import { createHash, X509Certificate } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import { entraErrors, type EntraError } from "./entra-error.ts";
import { decodeToken, isSignedBy, stringClaim, type DecodedToken } from "./json-web-token.ts";
import type { IssuerKeys } from "./issuer-keys.ts";

/** Whose tokens stand for a client: the three claims must match exactly. */
export interface FederatedCredential {
  readonly clientId: string;
  /** As in the token's `iss`; a trailing slash counts. */
  readonly issuer: string;
  /** `system:serviceaccount:NAMESPACE:NAME` for Kubernetes. */
  readonly subject: string;
  /** `api://AzureADTokenExchange` when absent. */
  readonly audience?: string;
}

const defaultAudience = "api://AzureADTokenExchange";

/** What assertions are checked against. */
export interface AssertionCheckOptions {
  readonly clock: Clock;
  readonly issuerKeys: IssuerKeys;
  readonly credentials: readonly FederatedCredential[];
  /** Certificates that are registered for the client, as PEM. */
  readonly certificates: readonly (string | undefined)[];
}

/**
 * Checks a client assertion for `clientId`: claims against the federated credentials, then times, then the signature
 * against the keys of its issuer; or, if the client issued it itself, against its registered certificates. Undefined when it is good. Awaits only keys that have to be fetched.
 */
export function checkClientAssertion(
  assertion: string,
  clientId: string,
  { clock, issuerKeys, credentials, certificates }: AssertionCheckOptions,
): EntraError | undefined | Promise<EntraError | undefined> {
  const token = decodeToken(assertion);
  if (token === undefined) return entraErrors.malformedAssertion();
  if (isOwnAssertion(token, clientId))
    return checkOwnAssertion(token, clientId, certificates, clock.wallMs());
  const own = credentials.filter((each) => each.clientId.toLowerCase() === clientId.toLowerCase());
  if (own.length === 0) return entraErrors.noFederation(clientId);
  const mismatch = matchFederation(token, own);
  if (mismatch !== undefined) return mismatch;
  const outOfTime = checkTimes(token, clock.wallMs());
  if (outOfTime !== undefined) return outOfTime;
  const issuer = stringClaim(token.claims, "iss") ?? "";
  const keys = issuerKeys.of(issuer, stringClaim(token.header, "kid"));
  if (keys instanceof Promise) return keys.then((set) => checkSignature(token, issuer, set));
  return checkSignature(token, issuer, keys);
}

/** A client that signs with a certificate of its own names itself as issuer and subject. */
function isOwnAssertion({ claims }: DecodedToken, clientId: string): boolean {
  const id = clientId.toLowerCase();
  return stringClaim(claims, "iss")?.toLowerCase() === id && stringClaim(claims, "sub")?.toLowerCase() === id;
}

function checkOwnAssertion(
  token: DecodedToken,
  clientId: string,
  certificates: readonly (string | undefined)[],
  nowMs: number,
): EntraError | undefined {
  const thumbprints = [stringClaim(token.header, "x5t#S256"), stringClaim(token.header, "x5t")];
  const certificate = certificates
    .filter((each) => each !== undefined)
    .map((each) => new X509Certificate(each))
    .find(({ raw }) => {
      const own = ["sha256", "sha1"].map((hash) => createHash(hash).update(raw).digest("base64url"));
      return own.some((each, index) => each === thumbprints[index]);
    });
  if (certificate === undefined) return entraErrors.unknownCertificate(clientId);
  const keys = { keys: [certificate.publicKey.export({ format: "jwk" })] };
  return checkTimes(token, nowMs) ?? (isSignedBy(token, keys) ? undefined : entraErrors.badSignature());
}

function checkSignature(
  token: DecodedToken,
  issuer: string,
  keys: Parameters<typeof isSignedBy>[1] | undefined,
): EntraError | undefined {
  if (keys === undefined) return entraErrors.issuerUnreachable(shown(issuer));
  if (isSignedBy(token, keys)) return undefined;
  const keyId = stringClaim(token.header, "kid");
  const isKnown = keyId === undefined || keys.keys.some(({ kid }) => kid === undefined || kid === keyId);
  return isKnown ? entraErrors.badSignature() : entraErrors.unknownKey(shown(keyId), shown(issuer));
}

function matchFederation(token: DecodedToken, own: readonly FederatedCredential[]): EntraError | undefined {
  const issuer = stringClaim(token.claims, "iss") ?? "";
  const subject = stringClaim(token.claims, "sub") ?? "";
  const given = token.claims["aud"];
  const audiences = Array.isArray(given) ? given.map(String) : [String(given)];
  const byIssuer = own.filter((each) => each.issuer === issuer);
  if (byIssuer.length === 0) return entraErrors.wrongIssuer(shown(issuer));
  const bySubject = byIssuer.filter((each) => each.subject === subject);
  if (bySubject.length === 0) {
    const isOtherCase = byIssuer.some((each) => each.subject.toLowerCase() === subject.toLowerCase());
    return isOtherCase ? entraErrors.subjectCase(shown(subject)) : entraErrors.wrongSubject(shown(subject));
  }
  const isMatch = bySubject.some((each) => audiences.includes(each.audience ?? defaultAudience));
  return isMatch ? undefined : entraErrors.wrongAudience(shown(audiences[0] ?? ""));
}

function checkTimes(token: DecodedToken, nowMs: number): EntraError | undefined {
  const fromMs = millisecondsOf(token.claims["nbf"] ?? token.claims["iat"] ?? 0);
  const untilMs = millisecondsOf(token.claims["exp"]);
  if (nowMs + clockSkewMs >= fromMs && nowMs < untilMs + clockSkewMs) return undefined;
  return entraErrors.assertionTimes(nowMs, fromMs, untilMs);
}

/** Entra allows five minutes of difference between clocks. */
const clockSkewMs = 300_000;

function millisecondsOf(claim: unknown): number {
  return typeof claim === "number" ? claim * 1000 : Number.NaN;
}

/** Claims of strangers are shown in errors, cut to a length that no one minds. */
function shown(claim: string): string {
  return claim.slice(0, 300);
}
