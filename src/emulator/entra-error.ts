import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import { guid } from "./random-id.ts";
import { jsonResponse, type WireResponse } from "./wire.ts";

/** A refusal of the token endpoint: an AADSTS number, its text, and the OAuth error that it belongs to. */
export interface EntraError {
  readonly number: number;
  readonly error:
    | "invalid_client"
    | "invalid_request"
    | "invalid_scope"
    | "unauthorized_client"
    | "unsupported_grant_type";
  readonly text: string;
}

const federationHelp = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation";
const checkFederation = `Check your federated identity credential Subject, Audience and Issuer against the presented assertion. ${federationHelp}`;

/**
 * The refusals that a client may meet, with the texts of Entra ID as users of 2024 to 2026 report them. None of them
 * holds a secret or an assertion.
 */
export const entraErrors = {
  noFederation: (clientId: string): EntraError => ({
    number: 70025,
    error: "invalid_client",
    text: `The client '${clientId}' has no configured federated identity credentials.`,
  }),
  wrongIssuer: (issuer: string): EntraError => ({
    number: 700211,
    error: "invalid_client",
    text: `No matching federated identity record found for presented assertion issuer '${issuer}'. ${checkFederation}`,
  }),
  wrongAudience: (audience: string): EntraError => ({
    number: 700212,
    error: "invalid_client",
    text: `No matching federated identity record found for presented assertion audience '${audience}'. ${checkFederation}`,
  }),
  wrongSubject: (subject: string): EntraError => ({
    number: 700213,
    error: "invalid_client",
    text: `No matching federated identity record found for presented assertion subject '${subject}'. ${checkFederation}`,
  }),
  subjectCase: (subject: string): EntraError => ({
    number: 7002138,
    error: "invalid_client",
    text: `No matching federated identity record found for presented assertion subject '${subject}'. The subject matches with case-insensitive comparison, but not with case-sensitive comparison. ${checkFederation}`,
  }),
  assertionTimes: (nowMs: number, fromMs: number, untilMs: number): EntraError => ({
    number: 700024,
    error: "invalid_client",
    text: `Client assertion is not within its valid time range. Current time: ${ticks(nowMs)}, assertion valid from ${ticks(fromMs)}, expiry time of assertion ${ticks(untilMs)}. Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials .`,
  }),
  badSignature: (): EntraError => ({
    number: 700027,
    error: "invalid_client",
    text: "Client assertion contains an invalid signature. [Reason - The provided signature value did not match the expected signature value.]",
  }),
  unknownKey: (keyId: string, issuer: string): EntraError => ({
    number: 7000272,
    error: "invalid_client",
    text: `The certificate with identifier ${keyId} used to sign the federated credential could not be found in the metadata of identity provider ${issuer}. Please validate that your Identity Provider's metadata exposes the key used to sign the incoming token.`,
  }),
  unknownCertificate: (clientId: string): EntraError => ({
    number: 700027,
    error: "invalid_client",
    text: `The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found., Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app Id '${clientId}'.]`,
  }),
  malformedAssertion: (): EntraError => ({
    number: 50027,
    error: "invalid_request",
    text: "JWT token is invalid or malformed.",
  }),
  issuerUnreachable: (issuer: string): EntraError => ({
    number: 501661,
    error: "invalid_request",
    text: `Request to External OIDC endpoint failed. The keys of '${issuer}' could not be read.`,
  }),
  wrongSecret: (clientId: string): EntraError => ({
    number: 7000215,
    error: "invalid_client",
    text: `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${clientId}'.`,
  }),
  noCredential: (): EntraError => ({
    number: 7000218,
    error: "invalid_client",
    text: "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
  }),
  noTenant: (tenant: string): EntraError => ({
    number: 90002,
    error: "invalid_request",
    text: `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.`,
  }),
  noApplication: (clientId: string, tenantId: string): EntraError => ({
    number: 700016,
    error: "unauthorized_client",
    text: `Application with identifier '${clientId}' was not found in the directory '${tenantId}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`,
  }),
  missing: (parameter: string): EntraError => ({
    number: 900144,
    error: "invalid_request",
    text: `The request body must contain the following parameter: '${parameter}'.`,
  }),
  wrongGrant: (grant: string): EntraError => ({
    number: 70003,
    error: "unsupported_grant_type",
    text: `The app requested an unsupported grant type '${grant}'.`,
  }),
  wrongScope: (scope: string): EntraError => ({
    number: 1002012,
    error: "invalid_scope",
    text: `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
  }),
  onlyPost: (method: string): EntraError => ({
    number: 900561,
    error: "invalid_request",
    text: `The endpoint only accepts POST requests. Received a ${method} request.`,
  }),
} as const;

/** Puts a refusal into Entra's wire form: 401 for a wrong client, 400 for anything else. */
export function entraErrorResponse(refusal: EntraError, clock: Clock, random: Random): WireResponse {
  const timestamp = `${iso(clock.wallMs()).slice(0, 19).replace("T", " ")}Z`;
  const traceId = guid(random);
  const correlationId = guid(random);
  return jsonResponse(refusal.error === "invalid_client" ? 401 : 400, {
    error: refusal.error,
    error_description: `AADSTS${refusal.number}: ${refusal.text} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
    error_codes: [refusal.number],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
    error_uri: `https://login.microsoftonline.com/error?code=${refusal.number}`,
  });
}

function iso(ms: number): string {
  return Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? new Date(ms).toISOString() : "unknown";
}

/** As Entra writes times in its texts: seven decimals. */
function ticks(ms: number): string {
  return iso(ms).replace("Z", "0000Z");
}
