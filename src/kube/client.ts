/**
 * Typed calls to a Kubernetes API server. It is thin on purpose: no discovery, no cache (that is the reflector's), no
 * schema. What the server says with 429 or 503 is obeyed here, so callers see only errors that waiting a little did
 * not mend.
 */
import { sleep, withDeadline, DeadlineError, type Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import { silentLogger, type Logger } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import { exponentialBackoff, honourRetryAfter } from "../policy/backoff.ts";
import { errorOfStatus, KubeError } from "./kube-error.ts";
import type { KubeList, KubeObject } from "./objects.ts";
import { withoutEchoes } from "./redact.ts";
import { apiVersionOf, resourcePath, serviceAccounts, type ObjectRef, type Resource } from "./resources.ts";
import type { KubeRequest, KubeResponse, KubeTransport, KubeWatch } from "./transport.ts";

export interface KubeClient {
  /** Rejects with a `NotFound` error when there is none. */
  get<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef, signal?: AbortSignal): Promise<T>;
  /** One page, or all when `limit` is absent. */
  list<T extends KubeObject>(
    resource: Resource<T>,
    options?: ListOptions,
    signal?: AbortSignal,
  ): Promise<KubeList<T>>;
  /** Rejects with `AlreadyExists` when there is one of that name. `object` needs no kind or apiVersion. */
  create<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options?: WriteOptions,
    signal?: AbortSignal,
  ): Promise<T>;
  /** Replaces the object; with its resourceVersion inside, a change in between is refused as `Conflict`. */
  replace<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options?: WriteOptions,
    signal?: AbortSignal,
  ): Promise<T>;
  /** JSON merge patch (RFC 7386): what is absent stays, what is null goes. Resolves with the whole new object. */
  mergePatch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: object,
    options?: WriteOptions,
    signal?: AbortSignal,
  ): Promise<T>;
  /** The same for the status sub-resource alone. The answer, which is the whole object again, is not read. */
  patchStatus(resource: Resource, ref: ObjectRef, status: object, signal?: AbortSignal): Promise<void>;
  /** Rejects with `NotFound` when there is none, with `Conflict` when a precondition does not hold. */
  delete(resource: Resource, ref: ObjectRef, options?: DeleteOptions, signal?: AbortSignal): Promise<void>;
  /** A token of a service account (TokenRequest). The API server refuses lifetimes under 600 s. */
  createToken(
    namespace: string,
    serviceAccount: string,
    options: TokenOptions,
    signal?: AbortSignal,
  ): Promise<ServiceAccountToken>;
  /** Opens a watch; the answer may be an error status. The reflector is what most callers want. */
  watch(resource: Resource, options: WatchOptions, signal: AbortSignal): Promise<KubeWatch>;
}

/** What to list; absent options ask for everything. */
export interface ListOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
}

/** What to watch, from which version on, and for how long. */
export interface WatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion?: string;
  readonly timeoutSeconds?: number;
  readonly allowWatchBookmarks?: boolean;
}

export interface WriteOptions {
  /** The server does everything but store the result. */
  readonly dryRun?: boolean;
  /** The part of the object that is written; the rest of the body is ignored by the server. */
  readonly subresource?: "status";
}

/** Preconditions and what becomes of dependents; the server's own default is `Background`. */
export interface DeleteOptions extends Pick<WriteOptions, "dryRun"> {
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
}

/** Whom a token is for and how long it lasts. */
export interface TokenOptions {
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
}

export interface ServiceAccountToken {
  readonly token: string;
  /** RFC 3339, as the API server gave it. */
  readonly expirationTimestamp: string;
}

export interface KubeClientOptions {
  readonly transport: KubeTransport;
  readonly clock: Clock;
  readonly random: Random;
  readonly userAgent?: string;
  readonly logger?: Logger;
  /** Of one attempt. Default 30,000. */
  readonly timeoutMs?: number;
}

/** The manager of every field that Keyweir writes. */
const fieldManager = "keyweir";
const mergePatchType = "application/merge-patch+json";
const maxAttempts = 4;
/** A longer Retry-After is for the caller: a queue waits better than a call. */
const maxWaitMs = 10_000;
const retryStep = exponentialBackoff({ floorMs: 50, baseMs: 250, factor: 2, capMs: 2_000 });

/** A client over `transport`. It keeps no state: close the transport, and it is closed. */
export function createKubeClient(options: KubeClientOptions): KubeClient {
  const send = sender(options);
  const write = async (
    method: "POST" | "PUT" | "PATCH",
    resource: Resource,
    place: ObjectRef | { readonly namespace?: string },
    body: object,
    settings: WriteOptions,
    signal: AbortSignal | undefined,
    reading: Reading = "object",
  ) => {
    const query = { fieldManager, ...(settings.dryRun === true ? { dryRun: "All" } : {}) };
    const path = resourcePath(resource, { ...place, ...subresourceOf(settings) }, query);
    const contentType = method === "PATCH" ? { contentType: mergePatchType } : {};
    return send(
      { method, path, ...contentType, body: JSON.stringify(body) },
      describe(resource, place),
      signal,
      reading,
    );
  };

  return {
    get: async (resource, ref, signal) =>
      send({ method: "GET", path: resourcePath(resource, ref) }, describe(resource, ref), signal) as never,
    async list(resource, { namespace, ...query } = {}, signal) {
      const place = namespace === undefined ? {} : { namespace };
      const path = resourcePath(resource, place, query);
      return send({ method: "GET", path }, describe(resource, place), signal) as never;
    },
    create: (resource, object, settings = {}, signal) =>
      write("POST", resource, namespaceOf(object), typed(resource, object), settings, signal) as never,
    replace: (resource, object, settings = {}, signal) =>
      write("PUT", resource, object.metadata, typed(resource, object), settings, signal) as never,
    mergePatch: (resource, ref, patch, settings = {}, signal) =>
      write("PATCH", resource, ref, patch, settings, signal) as never,
    async patchStatus(resource, ref, status, signal) {
      await write("PATCH", resource, ref, { status }, { subresource: "status" }, signal, "nothing");
    },
    async delete(resource, ref, { uid, resourceVersion, propagationPolicy, dryRun } = {}, signal) {
      const body = {
        kind: "DeleteOptions",
        apiVersion: "v1",
        ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
        ...(uid === undefined && resourceVersion === undefined
          ? {}
          : { preconditions: { uid, resourceVersion } }),
        ...(dryRun === true ? { dryRun: ["All"] } : {}),
      };
      const path = resourcePath(resource, ref);
      await send({ method: "DELETE", path, body: JSON.stringify(body) }, describe(resource, ref), signal);
    },
    async createToken(namespace, serviceAccount, { audiences, expirationSeconds }, signal) {
      const body = {
        kind: "TokenRequest",
        apiVersion: "authentication.k8s.io/v1",
        spec: { audiences, expirationSeconds },
      };
      const place = { namespace, name: serviceAccount, subresource: "token" };
      const target = `a token of service account ${namespace}/${serviceAccount}`;
      const path = resourcePath(serviceAccounts, place, { fieldManager });
      const answer = await send({ method: "POST", path, body: JSON.stringify(body) }, target, signal);
      return parseToken(answer, target);
    },
    async watch(resource, { namespace, ...query }, signal) {
      const place = namespace === undefined ? {} : { namespace };
      const path = resourcePath(resource, place, { watch: true, ...query });
      return options.transport.watch({ method: "GET", path, ...userAgentOf(options) }, signal);
    },
  };
}

/** What an answer is good for when there was no error. */
type Reading = "object" | "nothing";

type Send = (
  request: KubeRequest,
  target: string,
  signal: AbortSignal | undefined,
  reading?: Reading,
) => Promise<Record<string, unknown>>;

/** One call: attempts with a deadline each, until one is answered for good. */
function sender({ transport, clock, random, logger = silentLogger, ...options }: KubeClientOptions): Send {
  const timeoutMs = options.timeoutMs ?? 30_000;
  return async (request, target, signal, reading = "object") => {
    const full = { ...request, ...userAgentOf(options) };
    for (let attempt = 1; ; attempt++) {
      const result = await attemptOnce(full);
      if (!(result instanceof KubeError)) return result;
      const [delayMs] = honourRetryAfter(retryStep, result.retryAfterMs)(attempt - 1, random);
      if (attempt === maxAttempts || delayMs > maxWaitMs || !mayRepeat(request, result)) throw result;
      logger.debug("call to the API server is repeated", { target, code: result.code, delayMs });
      await sleep(clock, delayMs, signal);
    }

    async function attemptOnce(exchange: KubeRequest): Promise<Record<string, unknown> | KubeError> {
      let response: KubeResponse;
      try {
        response = await withDeadline(clock, timeoutMs, signal, (inner) =>
          transport.request(exchange, inner),
        );
      } catch (error) {
        if (signal?.aborted === true) throw error;
        return errorOfExchange(error, target);
      }
      if (reading === "nothing" && response.status < 400) return {};
      return readAnswer(response, request, target);
    }
  };
}

/**
 * Whether the same call may go out again at once. A 429 was not carried out; a 503 with Retry-After neither. When the
 * connection broke, or a 503 says nothing, the call may have been carried out: only calls that do the same twice.
 */
function mayRepeat(request: KubeRequest, error: KubeError): boolean {
  const isIdempotent = request.method === "GET" || request.method === "PATCH" || request.method === "DELETE";
  switch (error.code) {
    case "TooManyRequests":
      return true;
    case "Unavailable":
      return isIdempotent || error.retryAfterMs !== undefined;
    case "Disconnected":
    case "Malformed":
      return isIdempotent;
    case "Unreachable":
      return true;
    default:
      return false;
  }
}

function errorOfExchange(error: unknown, target: string): KubeError {
  if (error instanceof KubeError) return error;
  if (error instanceof DeadlineError) {
    const message = `the API server gave no answer for ${target} within ${error.timeoutMs} ms`;
    return new KubeError(message, { code: "TimedOut", cause: error });
  }
  const message = `the connection to the API server broke during the call for ${target}: ${messageOf(error)}`;
  return new KubeError(message, { code: "Disconnected", cause: error });
}

function readAnswer(
  response: KubeResponse,
  request: KubeRequest,
  target: string,
): Record<string, unknown> | KubeError {
  let body: unknown;
  try {
    body = JSON.parse(response.body);
  } catch {
    body = undefined;
  }
  if (response.status >= 400) {
    const error = errorOfStatus(response.status, body, target, response.retryAfterMs);
    return withoutEchoes(error, request.body);
  }
  if (typeof body === "object" && body !== null) return body as Record<string, unknown>;
  return new KubeError(`the API server's answer for ${target} is no JSON object`, {
    code: "Malformed",
    status: response.status,
  });
}

function parseToken(answer: Record<string, unknown>, target: string): ServiceAccountToken {
  const status = answer["status"] as Partial<Record<"token" | "expirationTimestamp", unknown>> | undefined;
  const { token, expirationTimestamp } = status ?? {};
  if (typeof token !== "string" || token === "" || typeof expirationTimestamp !== "string") {
    throw new KubeError(`the API server's answer for ${target} has no token`, { code: "Malformed" });
  }
  return { token, expirationTimestamp };
}

function typed<T extends KubeObject>(resource: Resource<T>, object: T): object {
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object };
}

function namespaceOf(object: KubeObject): { readonly namespace?: string } {
  const { namespace } = object.metadata;
  return namespace === undefined ? {} : { namespace };
}

function subresourceOf(settings: { readonly subresource?: string }): { subresource?: string } {
  return settings.subresource === undefined ? {} : { subresource: settings.subresource };
}

function userAgentOf(options: { readonly userAgent?: string }): { userAgent?: string } {
  return options.userAgent === undefined ? {} : { userAgent: options.userAgent };
}

/** Names what a call is about in messages: "Secret shop/database". */
function describe(
  resource: Resource,
  place: { readonly namespace?: string; readonly name?: string },
): string {
  const path = [place.namespace, place.name].filter((part) => part !== undefined).join("/");
  return path === "" ? resource.plural : `${resource.kind} ${path}`;
}
