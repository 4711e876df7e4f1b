import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { VaultCounter } from "../limits/window-counter.ts";
import { decideAccess, type AccessModel, type AccessRequest } from "./access-control.ts";
import type { Identity, TokenAuthority } from "./access-token.ts";
import { auditRecord, type AuditRecord } from "./audit-log.ts";
import type { Firewall } from "./firewall.ts";
import { guid } from "./random-id.ts";
import type { RequestCounts } from "./request-counts.ts";
import { badParameter, errorBody, ServiceError } from "./service-error.ts";
import { throttledResponse, type RetryAfter } from "./throttled-response.ts";
import { isAudienceOf, resourceOf } from "./vault-host.ts";
import {
  plainCharge,
  type Charge,
  type Exchange,
  type OperationRoute,
  type VaultOperation,
} from "./vault-operation.ts";
import { bodyLimitBytes, pathSegments, queryValue, type WireRequest, type WireResponse } from "./wire.ts";

export interface VaultServiceOptions {
  readonly name: string;
  readonly region: string;
  readonly subscription: string;
  readonly tenantId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly tokens: TokenAuthority;
  readonly counter: VaultCounter;
  readonly counts: RequestCounts;
  /** Wall time in milliseconds that never goes back, for the limits' windows. */
  readonly windowNowMs: () => number;
  readonly retryAfter: RetryAfter;
  readonly count401: boolean;
  readonly access: AccessModel;
  readonly firewall: Firewall;
  /** By the first segment of the path, in lower case. */
  readonly routes: ReadonlyMap<string, OperationRoute>;
  readonly onAuditRecord: ((record: AuditRecord) => void) | undefined;
}

/** What became of one request. */
interface Outcome {
  readonly operationName: string;
  readonly response: WireResponse;
  readonly identity?: Identity | undefined;
  readonly description?: string | undefined;
  /** Of the role assignment that allowed it, in vaults with role-based access. */
  readonly assignmentId?: string | undefined;
}

/**
 * One vault's data plane. Each request passes, in this order: token check (401), limits (429), api-version and route
 * (4xx), operation. What is answered is counted and written to the audit log. Synchronous.
 */
export class VaultService {
  readonly #options: VaultServiceOptions;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #facts: AccessRequest["vault"];

  constructor(options: VaultServiceOptions) {
    this.#options = options;
    this.#headers = Object.freeze({
      "cache-control": "no-cache",
      pragma: "no-cache",
      expires: "-1",
      "x-ms-keyvault-region": options.region,
      "x-ms-keyvault-service-version": "1.9.3019.1",
      "x-ms-keyvault-network-info": "conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=InterNetwork;",
      "x-content-type-options": "nosniff",
      "strict-transport-security": "max-age=31536000;includeSubDomains",
      "content-type": "application/json; charset=utf-8",
    });
    const { name, region, tenantId, subscription } = options;
    const group = `/subscriptions/${subscription}/resourcegroups/emulator`;
    const resourceId = `${group}/providers/Microsoft.KeyVault/vaults/${name}`.toUpperCase();
    this.#facts = { name, region, tenantId, resourceId };
  }

  respond(request: WireRequest): WireResponse {
    const { clock, random, counts, onAuditRecord } = this.#options;
    const startMs = clock.monotonicMs();
    const requestId = guid(random);
    const outcome = this.#process(request);
    const headers: Record<string, string> = { ...this.#headers, ...outcome.response.headers };
    headers["x-ms-request-id"] = requestId;
    if (outcome.assignmentId !== undefined)
      headers["x-ms-keyvault-rbac-assignment-id"] = outcome.assignmentId;
    const clientRequestId = request.header("x-ms-client-request-id");
    if (clientRequestId !== undefined && isEchoable(clientRequestId)) {
      headers["x-ms-client-request-id"] = clientRequestId;
    }
    counts.countAnswer(outcome.operationName, outcome.response.status);
    onAuditRecord?.(
      auditRecord({
        wallMs: clock.wallMs(),
        operationName: outcome.operationName,
        status: outcome.response.status,
        requestId,
        callerIpAddress: request.callerIpAddress,
        identity: outcome.identity,
        access: this.#options.access.kind,
        assignmentId: outcome.assignmentId,
        objectUrl: `https://${request.host}/${pathSegments(request.path)?.slice(0, 3).join("/") ?? ""}`,
        userAgent: request.header("user-agent") ?? "",
        requestUri: `https://${request.host}${request.path}${request.query === "" ? "" : `?${request.query}`}`,
        resourceId: this.#facts.resourceId,
        apiVersion: queryValue(request.query, "api-version") ?? "",
        description: outcome.description,
        durationMs: clock.monotonicMs() - startMs,
      }),
    );
    return { status: outcome.response.status, headers, body: outcome.response.body };
  }

  #process(request: WireRequest): Outcome {
    const identity = this.#authenticate(request);
    if (isOutcome(identity)) {
      const refused = this.#options.count401 && this.#refuse("Authentication", undefined, plainCharge);
      return refused || identity;
    }
    const segments = pathSegments(request.path) ?? [];
    const method = methodOf(request);
    if (segments[0] !== undefined) segments[0] = segments[0].toLowerCase();
    const operation = this.#options.routes.get(segments[0] ?? "")?.(method, segments);
    const exchange = { request, segments, baseUrl: `https://${request.host}` };
    const operationName = operation?.name ?? "Unknown";
    try {
      const charge = operation === undefined ? plainCharge : chargeOf(operation, exchange);
      const refused = this.#refuse(operationName, identity, charge);
      if (refused !== undefined) return refused;
      const assignmentId = this.#authorize(operationName, identity, segments[1], request.callerIpAddress);
      assertRequest(request);
      if (operation === undefined) throw noOperation(method, request.path, segments);
      const result = operation.run(exchange);
      const body = result.body === undefined ? "" : JSON.stringify(result.body);
      const response = { status: result.status, headers: result.headers ?? {}, body };
      return { operationName, identity, assignmentId, response };
    } catch (thrown) {
      if (!(thrown instanceof ServiceError)) throw thrown;
      return { ...failure(operationName, thrown), identity };
    }
  }

  /** Throws the 403 of firewall, roles or policies; the id of the role assignment that allows the request, if one does. */
  #authorize(
    operationName: string,
    identity: Identity,
    objectName: string | undefined,
    callerIpAddress: string,
  ): string | undefined {
    const { access, firewall } = this.#options;
    const blocked = firewall(callerIpAddress);
    if (blocked !== undefined) throw blocked;
    const decision = decideAccess(access, { identity, operationName, objectName, vault: this.#facts });
    if (decision.kind === "refused") throw decision.error;
    return decision.assignmentId;
  }

  /** The caller, or the 401 that it gets. */
  #authenticate(request: WireRequest): Identity | Outcome {
    const authorization = request.header("authorization");
    if (authorization === undefined || !/^bearer /i.test(authorization)) {
      return this.#unauthorized(request, "AKV10000: Request is missing a Bearer or PoP token.");
    }
    const token = this.#options.tokens.verify(authorization.slice(7).trim());
    if (token === undefined) {
      return this.#unauthorized(request, "[TokenInvalid] Error validating token: 'S2S12005'.");
    }
    if (token.expiresAtMs <= this.#options.clock.wallMs()) {
      return this.#unauthorized(request, "[TokenExpired] Error validating token: 'S2S12086'.");
    }
    if (!isAudienceOf(token.audience, request.host)) {
      const expected = resourceOf(request.host);
      return this.#unauthorized(
        request,
        `AKV10022: Invalid audience. Expected ${expected}, found: ${token.audience}.`,
      );
    }
    return token.identity;
  }

  #unauthorized(request: WireRequest, message: string): Outcome {
    const authorization = `https://login.microsoftonline.com/${this.#options.tenantId}`;
    const challenge = `Bearer authorization="${authorization}", resource="${resourceOf(request.host)}"`;
    return {
      operationName: "Authentication",
      description: message,
      response: {
        status: 401,
        headers: { "www-authenticate": challenge },
        body: JSON.stringify(errorBody("Unauthorized", message)),
      },
    };
  }

  /** Counts the request; the 429 that it gets if the limits have no room. */
  #refuse(operationName: string, identity: Identity | undefined, charge: Charge): Outcome | undefined {
    const { counter, counts, retryAfter } = this.#options;
    const nowMs = this.#options.windowNowMs();
    const admission = counter.request(nowMs, charge.limitClass, charge.units);
    if (admission.kind === "admitted") {
      counts.countAdmitted(charge.limitClass, charge.units);
      return undefined;
    }
    counts.countRefused(charge.limitClass);
    const response = throttledResponse(admission, retryAfter, nowMs);
    return { operationName, identity, response, description: "Throttled" };
  }
}

function isOutcome(value: Identity | Outcome): value is Outcome {
  return "response" in value;
}

function chargeOf(operation: VaultOperation, exchange: Exchange): Charge {
  return typeof operation.charge === "function" ? operation.charge(exchange) : operation.charge;
}

/** The verb; a POST may carry another one in X-HTTP-Method. */
function methodOf(request: WireRequest): string {
  if (request.method !== "POST") return request.method;
  return (request.header("x-http-method") ?? request.header("x-http-request") ?? "POST").toUpperCase();
}

const apiVersions =
  /^(2015-06-01|2016-10-01|7\.[0-6](-preview(\.\d)?)?|2025-0[67]-01(-preview)?|2026-04-01)$/;

function assertRequest(request: WireRequest): void {
  if (request.body.length > bodyLimitBytes) {
    throw new ServiceError(413, "BadParameter", `The request body is longer than ${bodyLimitBytes} bytes.`);
  }
  const version = queryValue(request.query, "api-version");
  if (version === undefined || version === "") {
    throw badParameter("api-version must be specified. Add ?api-version=7.6 to the request.");
  }
  if (!apiVersions.test(version)) {
    throw badParameter(
      `Specified version (${version.slice(0, 40)}) is not recognized. Consider using the latest supported version (2026-04-01)`,
    );
  }
}

function noOperation(method: string, path: string, segments: readonly string[]): ServiceError {
  if (pathSegments(path) === undefined)
    return badParameter("The request URI contains an invalid percent-encoding.");
  const [collection = ""] = segments;
  if (/^(deleted)?(secrets|keys|certificates)$/i.test(collection)) {
    return new ServiceError(405, "MethodNotAllowed", `HTTP ${method.slice(0, 20)} not allowed`);
  }
  return new ServiceError(
    404,
    "NotFound",
    "The request URI names no resource of a vault: it starts with /secrets, /keys or /certificates.",
  );
}

function failure(operationName: string, error: ServiceError): Outcome {
  return {
    operationName,
    description: error.message,
    response: {
      status: error.status,
      headers: {},
      body: JSON.stringify(errorBody(error.code, error.message, error.innerCode)),
    },
  };
}

/** A header value that may be sent back: short and printable. */
function isEchoable(text: string): boolean {
  return text.length <= 100 && /^[\x20-\x7e]*$/.test(text);
}
