import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import { formatTime, generateUid } from "./metadata.ts";
import { isJsonObject, type Json, type JsonObject } from "./object.ts";
import { badRequest, conflict, invalid, type StatusError } from "./status-error.ts";
import type { TokenSigner, TokenSubject } from "./tokens.ts";

const shortestSeconds = 600;
const longestSeconds = 2 ** 32;
const kind = { group: "authentication.k8s.io", kind: "TokenRequest" };

/** Answers a TokenRequest for a service account. Throws 409 for another account's uid, 422 for a wrong field. */
export function requestToken(
  body: JsonObject,
  account: TokenSubject,
  tokens: TokenSigner,
  clock: Clock,
  random: Random,
): JsonObject {
  const metadata = isJsonObject(body["metadata"]) ? body["metadata"] : {};
  for (const field of ["name", "namespace"] as const) {
    const given = metadata[field] ?? "";
    if (given === "" || given === account[field]) continue;
    throw wrongField(
      account.name,
      `metadata.${field}`,
      given,
      `must match the service account ${field} if specified`,
    );
  }
  const uid = metadata["uid"] ?? "";
  if (uid !== "" && uid !== account.uid) {
    const because = `the UID in the token request (${JSON.stringify(uid)}) does not match the UID of the service account (${account.uid})`;
    throw conflict({ ...kind, plural: kind.kind }, account.name, because);
  }
  const spec = isJsonObject(body["spec"]) ? body["spec"] : {};
  if ((spec["boundObjectRef"] ?? null) !== null) {
    throw badRequest("the Keyweir sandbox binds no token to an object: leave spec.boundObjectRef out");
  }
  const { audiences, expirationSeconds } = readSpec(spec, tokens.issuer);
  const issued = tokens.issue(account, audiences, expirationSeconds, generateUid(random));
  return {
    kind: "TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    metadata: { ...account, creationTimestamp: formatTime(clock.wallMs()) },
    spec: { audiences, expirationSeconds, boundObjectRef: null },
    status: { token: issued.token, expirationTimestamp: formatTime(issued.expiryMs) },
  };
}

function readSpec(spec: JsonObject, issuer: string) {
  const expirationSeconds = spec["expirationSeconds"] ?? 3600;
  if (typeof expirationSeconds !== "number") throw badRequest("spec.expirationSeconds must be a number");
  const field = "spec.expirationSeconds";
  if (expirationSeconds < shortestSeconds) {
    throw wrongField("", field, expirationSeconds, "may not specify a duration less than 10 minutes");
  }
  if (expirationSeconds > longestSeconds) {
    throw wrongField("", field, expirationSeconds, "may not specify a duration larger than 2^32 seconds");
  }
  const given = spec["audiences"] ?? [];
  if (!Array.isArray(given) || !given.every((item) => typeof item === "string")) {
    throw badRequest("spec.audiences must be a list of strings");
  }
  return { audiences: given.length > 0 ? (given as readonly string[]) : [issuer], expirationSeconds };
}

function wrongField(name: string, field: string, value: Json, problem: string): StatusError {
  const detail = `Invalid value: ${JSON.stringify(value)}: ${problem}`;
  return invalid(kind, name, [{ reason: "FieldValueInvalid", field, detail }]);
}
