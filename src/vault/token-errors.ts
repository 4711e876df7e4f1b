import { DeadlineError } from "../core/clock.ts";
import { messageOf, systemCodeOf } from "../core/errors.ts";
import { errorFromFailedRequest, VaultError, type RequestSubject, type VaultErrorDetails } from "./errors.ts";
import { describeIdentity, type Identity } from "./identity.ts";
import { member, parseJson } from "./json.ts";

/** What a token request is about, for messages. */
export function tokenSubject(identity: Identity, requestUrl: string): RequestSubject {
  const host = URL.canParse(requestUrl) ? new URL(requestUrl).host : "";
  const server = `the ${identity.kind === "managedIdentity" ? "identity" : "token"} endpoint ${host}`;
  const who = describeIdentity(identity);
  return { what: `a token for ${who}`, server, who };
}

/** The error for a refused token request: Entra's AADSTS code decides. */
export function errorFromTokenAnswer(
  identity: Identity,
  subject: RequestSubject,
  answer: { readonly status: number; readonly bodyText: string; readonly retryAfterMs: number | undefined },
): VaultError {
  const { status, retryAfterMs } = answer;
  const aadstsCode = aadstsCodeIn(member(parseJson(answer.bodyText), "error_description"));
  const shown = aadstsCode === undefined ? `${status}` : `${status} ${aadstsCode}`;
  const details = { status, aadstsCode, retryAfterMs };
  if (status === 429) return new VaultError("Throttled", `${subject.server} answers 429.`, details);
  if (status >= 500) return new VaultError("Unavailable", `${subject.server} answers ${shown}.`, details);
  if (identity.kind === "managedIdentity") {
    return new VaultError(
      "IdentityMissing",
      `${subject.server} has no token for ${subject.who} (${shown}).`,
      details,
    );
  }
  if (aadstsCode === undefined) {
    const happened = `${subject.server} answered ${status} without an Entra error code.`;
    return new VaultError("Unavailable", happened, details);
  }
  return refusedByEntra(identity, subject, shown, details);
}

/** The error for what an application's own credential threw; its text may say anything, so it is not passed on. */
export function errorFromCredential(
  thrown: unknown,
  identity: Identity,
  subject: RequestSubject,
): VaultError {
  const aadstsCode = aadstsCodeIn(messageOf(thrown));
  if (aadstsCode !== undefined) return refusedByEntra(identity, subject, aadstsCode, { aadstsCode });
  const isOfNetwork = thrown instanceof DeadlineError || systemCodeOf(thrown) !== undefined;
  if (thrown instanceof VaultError || isOfNetwork) return errorFromFailedRequest(thrown, subject);
  const name = thrown instanceof Error && /^[A-Za-z]{1,64}$/.test(thrown.name) ? thrown.name : "an error";
  return new VaultError("IdentityMissing", `The application's credential gave no token (${name}).`, {
    nextStep: "Check how the credential is set up.",
  });
}

function refusedByEntra(
  identity: Identity,
  subject: RequestSubject,
  shown: string,
  details: VaultErrorDetails,
): VaultError {
  switch (details.aadstsCode) {
    // Application not found in the tenant.
    case "AADSTS700016":
      return new VaultError(
        "IdentityMissing",
        `${subject.who} does not exist in the tenant (${shown}).`,
        details,
      );
    // Tenant not found; invalid tenant; resource not found in the tenant.
    case "AADSTS90002":
    case "AADSTS900023":
    case "AADSTS500011":
      return new VaultError("TenantMismatch", `The tenant of ${subject.who} is wrong (${shown}).`, details);
    default:
      return new VaultError("IdentityFederation", refusal(identity, subject, shown), details);
  }
}

function refusal(identity: Identity, subject: RequestSubject, shown: string): string {
  const happened = `Entra refuses ${subject.who} (${shown}).`;
  if (identity.kind !== "workload" && identity.kind !== "identityBinding") return happened;
  const { namespace, serviceAccount } = identity;
  return `${happened} The token's subject is system:serviceaccount:${namespace}:${serviceAccount}.`;
}

function aadstsCodeIn(text: unknown): string | undefined {
  return typeof text === "string" ? /\bAADSTS\d{4,9}\b/.exec(text)?.[0] : undefined;
}
