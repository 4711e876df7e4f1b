import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { TokenAuthority } from "./access-token.ts";
import { checkClientAssertion, type FederatedCredential } from "./client-assertion.ts";
import { entraErrorResponse, entraErrors, type EntraError } from "./entra-error.ts";
import type { IssuerKeys } from "./issuer-keys.ts";
import { answerIdentityRequest, identityEndpointOf } from "./managed-identity.ts";
import { noStore, tokenBody, tokenBodyV1 } from "./token-body.ts";
import { jsonResponse, pathSegments, type WireRequest, type WireResponse } from "./wire.ts";

/** An application that may ask for tokens. */
export interface EmulatorClient {
  readonly clientId: string;
  readonly clientSecret: string;
  /** The certificate with which the client may sign assertions instead, as PEM. */
  readonly certificatePem?: string;
}

export interface AuthorityOptions {
  readonly tenantId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly tokens: TokenAuthority;
  readonly issuerKeys: IssuerKeys;
  readonly clients: readonly EmulatorClient[];
  readonly federatedCredentials: readonly FederatedCredential[];
  /** What App Service's managed-identity endpoint asks for. */
  readonly identityHeader: string;
  /** The name under which requests are counted: `token`, `discovery`, `managed-identity`, `other`. */
  readonly count: (endpoint: AuthorityEndpoint) => void;
}

/** What the authority was asked for. */
export type AuthorityEndpoint = "token" | "discovery" | "managedIdentity" | "other";

/**
 * Entra ID as far as a client of Key Vault meets it: token endpoint (client credentials with a secret or an
 * assertion, v1 and v2), discovery documents, keys, and the managed-identity endpoints of virtual machines and App
 * Service.
 */
export class Authority {
  readonly #options: AuthorityOptions;

  constructor(options: AuthorityOptions) {
    this.#options = options;
  }

  respond(request: WireRequest): WireResponse | Promise<WireResponse> {
    const identityEndpoint = identityEndpointOf(request.path);
    if (identityEndpoint !== undefined) {
      this.#options.count("managedIdentity");
      return answerIdentityRequest(identityEndpoint, request, this.#identityOptions());
    }
    const segments = pathSegments(request.path) ?? [];
    const [tenant = "", ...rest] = segments;
    const endpoint = rest.join("/").toLowerCase();
    switch (endpoint) {
      case "oauth2/v2.0/token":
      case "oauth2/token":
        this.#options.count("token");
        return this.#token(request, tenant, endpoint === "oauth2/token");
      case "v2.0/.well-known/openid-configuration":
      case ".well-known/openid-configuration":
        this.#options.count("discovery");
        return this.#openIdConfiguration(request, tenant, endpoint.startsWith("v2.0"));
      case "discovery/instance":
        this.#options.count("discovery");
        return this.#instanceDiscovery(request);
      case "discovery/v2.0/keys":
      case "discovery/keys":
        this.#options.count("discovery");
        return jsonResponse(200, this.#options.tokens.keySet);
      default:
        this.#options.count("other");
        return jsonResponse(404, {
          error: "invalid_request",
          error_description:
            "No such endpoint. The authority serves /TENANT/oauth2/v2.0/token and the discovery documents beside it.",
        });
    }
  }

  #token(request: WireRequest, tenant: string, isV1: boolean): WireResponse | Promise<WireResponse> {
    const { clock, random, tokens } = this.#options;
    const asked = this.#readTokenRequest(request, tenant, isV1);
    if ("number" in asked) return entraErrorResponse(asked, clock, random);
    const bodyOf = ({ clientId, resource }: TokenRequest) =>
      isV1 ? tokenBodyV1(tokens, clientId, resource, clock) : tokenBody(tokens, clientId, resource);
    const answer = (refusal: EntraError | undefined) =>
      refusal === undefined
        ? jsonResponse(200, bodyOf(asked), noStore)
        : entraErrorResponse(refusal, clock, random);
    const checked = this.#checkCredential(asked);
    return checked instanceof Promise ? checked.then(answer) : answer(checked);
  }

  #readTokenRequest(request: WireRequest, tenant: string, isV1: boolean): TokenRequest | EntraError {
    const { tenantId, clients, federatedCredentials } = this.#options;
    if (request.method !== "POST") return entraErrors.onlyPost(request.method.slice(0, 20));
    if (tenant.toLowerCase() !== tenantId.toLowerCase()) return entraErrors.noTenant(tenant.slice(0, 100));
    const form = new URLSearchParams(request.body);
    const grant = form.get("grant_type");
    if (grant === null) return entraErrors.missing("grant_type");
    if (grant !== "client_credentials") return entraErrors.wrongGrant(grant.slice(0, 60));
    const clientId = form.get("client_id");
    if (clientId === null) return entraErrors.missing("client_id");
    const known = [...clients, ...federatedCredentials].some((each) => isSameId(each.clientId, clientId));
    if (!known) return entraErrors.noApplication(clientId.slice(0, 100), tenantId);
    const target = form.get(isV1 ? "resource" : "scope");
    if (target === null) return entraErrors.missing(isV1 ? "resource" : "scope");
    const resource = isV1 ? target : resourceIn(target);
    if (resource === undefined) return entraErrors.wrongScope(target.slice(0, 200));
    return {
      clientId,
      resource,
      secret: form.get("client_secret") ?? undefined,
      assertion: form.get("client_assertion") ?? undefined,
    };
  }

  #checkCredential(asked: TokenRequest): EntraError | undefined | Promise<EntraError | undefined> {
    const { clients, clock, issuerKeys, federatedCredentials } = this.#options;
    if (asked.assertion !== undefined) {
      return checkClientAssertion(asked.assertion, asked.clientId, {
        clock,
        issuerKeys,
        credentials: federatedCredentials,
        certificates: clients
          .filter((each) => isSameId(each.clientId, asked.clientId))
          .map((each) => each.certificatePem),
      });
    }
    if (asked.secret === undefined) return entraErrors.noCredential();
    const client = clients.find((each) => isSameId(each.clientId, asked.clientId));
    return client?.clientSecret === asked.secret ? undefined : entraErrors.wrongSecret(asked.clientId);
  }

  #openIdConfiguration(request: WireRequest, tenant: string, isV2: boolean): WireResponse {
    const { tenantId, clock, random } = this.#options;
    if (tenant.toLowerCase() !== tenantId.toLowerCase()) {
      return entraErrorResponse(entraErrors.noTenant(tenant.slice(0, 100)), clock, random);
    }
    const base = `https://${request.host}/${tenantId}`;
    return jsonResponse(200, {
      issuer: isV2 ? `${base}/v2.0` : `https://sts.windows.net/${tenantId}/`,
      authorization_endpoint: `${base}/oauth2/${isV2 ? "v2.0/" : ""}authorize`,
      token_endpoint: `${base}/oauth2/${isV2 ? "v2.0/" : ""}token`,
      jwks_uri: `${base}/discovery/${isV2 ? "v2.0/" : ""}keys`,
      response_types_supported: ["code", "id_token", "token"],
      subject_types_supported: ["pairwise"],
      id_token_signing_alg_values_supported: ["ES256"],
      token_endpoint_auth_methods_supported: ["client_secret_post", "private_key_jwt"],
    });
  }

  #instanceDiscovery(request: WireRequest): WireResponse {
    const { tenantId } = this.#options;
    return jsonResponse(200, {
      tenant_discovery_endpoint: `https://${request.host}/${tenantId}/v2.0/.well-known/openid-configuration`,
      "api-version": "1.1",
      metadata: [
        {
          preferred_network: request.host,
          preferred_cache: request.host,
          aliases: [request.host, "login.microsoftonline.com", "login.windows.net", "sts.windows.net"],
        },
      ],
    });
  }

  #identityOptions() {
    const { clients, federatedCredentials, tokens, clock, identityHeader } = this.#options;
    const clientIds = [...clients, ...federatedCredentials].map(({ clientId }) => clientId);
    return { clock, tokens, clientIds, header: identityHeader };
  }
}

interface TokenRequest {
  readonly clientId: string;
  readonly resource: string;
  readonly secret: string | undefined;
  readonly assertion: string | undefined;
}

/** MSAL for Go always asks for these as well; they say nothing about an application without a user. */
const userScopes = ["openid", "offline_access", "profile"];

function resourceIn(scope: string): string | undefined {
  const [only = "", ...others] = scope.split(" ").filter((each) => each !== "" && !userScopes.includes(each));
  return others.length === 0 ? only.match(/^(.+)\/\.default$/)?.[1] : undefined;
}

function isSameId(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}
