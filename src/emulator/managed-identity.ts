import type { Clock } from "../core/clock.ts";
import { identityOf, type TokenAuthority } from "./access-token.ts";
import { noStore, tokenBodyV1 } from "./token-body.ts";
import { jsonResponse, pathSegments, queryValue, type WireRequest, type WireResponse } from "./wire.ts";

/** Where a workload on Azure asks for the tokens of its identity: a virtual machine or an App Service. */
export type IdentityEndpoint = "imds" | "app-service";

/** The path of App Service's `IDENTITY_ENDPOINT`. */
export const appServicePath = "/msi/token";
const imdsPath = "/metadata/identity/oauth2/token";

export interface ManagedIdentityOptions {
  readonly clock: Clock;
  readonly tokens: TokenAuthority;
  /** The identities of the machine; the first is meant when a request names none. */
  readonly clientIds: readonly string[];
  /** App Service's `IDENTITY_HEADER`. */
  readonly header: string;
}

/** The endpoint that a path names, a trailing slash allowed; undefined for any other path. */
export function identityEndpointOf(path: string): IdentityEndpoint | undefined {
  const plain = `/${(pathSegments(path) ?? []).join("/").toLowerCase()}`;
  if (plain === imdsPath) return "imds";
  return plain === appServicePath ? "app-service" : undefined;
}

/** Answers a request to one of the endpoints: a token, or a refusal in that endpoint's own form. */
export function answerIdentityRequest(
  endpoint: IdentityEndpoint,
  request: WireRequest,
  options: ManagedIdentityOptions,
): WireResponse {
  const refuse = endpoint === "imds" ? refuseAsImds : refuseAsAppService;
  if (request.method !== "GET") return refuse(405, "Only GET is allowed");
  const refusal = endpoint === "imds" ? checkImds(request) : checkAppService(request, options.header);
  if (refusal !== undefined) return refusal;
  const resource = queryValue(request.query, "resource");
  if (resource === undefined || resource === "")
    return refuse(400, "Required query variable 'resource' is missing");
  const clientId = findIdentity(request.query, options.clientIds);
  if (clientId === undefined) return refuse(400, "Identity not found");
  const body = tokenBodyV1(options.tokens, clientId, resource, options.clock);
  return jsonResponse(200, { ...body, client_id: clientId }, noStore);
}

/** Both headers protect against requests that somebody else was made to send. */
function checkImds(request: WireRequest): WireResponse | undefined {
  if (request.header("metadata")?.toLowerCase() !== "true")
    return refuseAsImds(400, "Required metadata header not specified");
  if (request.header("x-forwarded-for") === undefined) return undefined;
  return refuseAsImds(400, "The X-Forwarded-For header is not allowed: ask without a proxy");
}

function checkAppService(request: WireRequest, header: string): WireResponse | undefined {
  if (request.header("x-identity-header") !== header)
    return refuseAsAppService(403, "The X-IDENTITY-HEADER header must have the value of IDENTITY_HEADER");
  if (queryValue(request.query, "api-version") === "2019-08-01") return undefined;
  return refuseAsAppService(400, "The query variable 'api-version' must be 2019-08-01");
}

/** The identity that the query names by client or object id; a resource id names none that the emulator has. */
function findIdentity(query: string, clientIds: readonly string[]): string | undefined {
  const value = (name: string) => queryValue(query, name)?.toLowerCase();
  if ((value("msi_res_id") ?? value("mi_res_id")) !== undefined) return undefined;
  const [clientId, objectId] = [value("client_id"), value("object_id") ?? value("principal_id")];
  if (clientId !== undefined) return clientIds.find((each) => each.toLowerCase() === clientId);
  if (objectId !== undefined) return clientIds.find((each) => identityOf(each).objectId === objectId);
  return clientIds[0];
}

function refuseAsImds(status: number, text: string): WireResponse {
  return jsonResponse(status, { error: "invalid_request", error_description: text });
}

function refuseAsAppService(status: number, text: string): WireResponse {
  return jsonResponse(status, { statusCode: status, message: text });
}
