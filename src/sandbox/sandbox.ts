import { hash, timingSafeEqual } from "node:crypto";
import { systemClock, type Clock } from "../core/clock.ts";
import type { HttpHandler } from "../core/http.ts";
import { systemRandom, type Random } from "../core/random.ts";
import { Background } from "./background.ts";
import { coreResources } from "./core-resources.ts";
import { serveDefinitions } from "./custom-resources.ts";
import { findReview } from "./discovery.ts";
import { Faults, faultError, type Fault } from "./faults.ts";
import { collectGarbage } from "./garbage-collection.ts";
import { toHandler } from "./handler.ts";
import { emptyContainers } from "./lifecycle.ts";
import type { KubeObject } from "./object.ts";
import { Operations, type WriteOptions } from "./operations.ts";
import { answerPage } from "./pages.ts";
import { Registry } from "./registry.ts";
import { ResourceRequests } from "./resource-requests.ts";
import { namespaceStorage } from "./resource.ts";
import { errorResponse, jsonResponse, plainResponse, Writing } from "./respond.ts";
import { answerReview } from "./reviews.ts";
import { readObject } from "./request-body.ts";
import { parseRoute, type Route } from "./routes.ts";
import { badRequest, PageNotFoundError, StatusError } from "./status-error.ts";
import { Store } from "./store.ts";
import { TokenSigner, type PublishedKey } from "./tokens.ts";
import { WatchHub } from "./watch.ts";
import type { WireRequest, WireResponse } from "./wire.ts";

export interface SandboxOptions {
  /** The machine's clock when left out. */
  readonly clock?: Clock;
  /** Source of uids and generated names. */
  readonly random?: Random;
  /** How many writes a watch may lag behind before it gets 410; 5,000 when left out. */
  readonly resourceVersionHistory?: number;
  /** `iss` of the tokens of service accounts, without a slash at the end. */
  readonly issuer?: string;
  /** The bearer token that is let in. */
  readonly adminToken?: string;
  /** Whether requests without a token are let in; true when left out. */
  readonly anonymous?: boolean;
}

/** A Kubernetes API in this process: the kinds that Keyweir needs, in memory, for tests and trials. Never for production. */
export interface Sandbox extends Disposable {
  readonly handler: HttpHandler;
  /** What `handler` does, on plain values and at once; for servers. */
  respond(request: WireRequest): WireResponse;
  /** Issuer of the tokens that it signs for service accounts. */
  readonly issuer: string;
  /** The public keys of those tokens. */
  readonly jwks: { readonly keys: readonly PublishedKey[] };
  /** How many requests there were, by `verb resource` or `verb resource/subresource`: `"patch secretsyncs/status"`. */
  readonly requestCounts: ReadonlyMap<string, number>;
  /** Number of open watches. */
  readonly watchCount: number;
  /** All objects of a kind (`"Secret"`), in one namespace or all, by name. The objects are the sandbox's own: read only. */
  objects(kind: string, namespace?: string): KubeObject[];
  /** Ends all open watches: as a broken connection, or in good order as the server does at its timeout. */
  dropWatches(how?: "reset" | "end"): void;
  /**
   * Forgets the history of writes: a watch or a next page from an older version gets 410, a watch as an ERROR event in
   * its stream (as the real server does) or as HTTP status.
   */
  compactHistory(answer?: "event" | "status"): void;
  /** Lets the next matching requests fail. */
  failNext(fault: Fault): void;
  /** Ends all watches and timers; later requests get 503. */
  close(): void;
}

const defaultIssuer = "https://kubernetes.default.svc.cluster.local";
const initialNamespaces = ["default", "kube-node-lease", "kube-public", "kube-system"];

/** A new, empty cluster with its first namespaces and their `default` service accounts. */
export function createSandbox(options: SandboxOptions = {}): Sandbox {
  const clock = options.clock ?? systemClock;
  const random = options.random ?? systemRandom();
  const store = new Store(options.resourceVersionHistory ?? 5_000);
  const registry = new Registry();
  for (const resource of coreResources) registry.replace(resource.storage, [resource]);
  const operations = new Operations(store, registry, clock, random.fork("objects"));
  const background = new Background();
  const watches = new WatchHub(store, clock, random.fork("watches"));
  const tokens = new TokenSigner(options.issuer ?? defaultIssuer, clock);
  serveDefinitions(store, registry, watches);
  collectGarbage(store, registry, operations, background);
  emptyContainers(store, registry, operations, background);
  createServiceAccounts(store, registry, operations);
  const requests = new ResourceRequests({
    store,
    operations,
    watches,
    writing: new Writing(clock),
    tokens,
    clock,
    random: random.fork("tokens"),
  });
  const faults = new Faults();
  const counts = new Map<string, number>();
  const authorize = authorizer(options);
  let isClosed = false;

  const answer = (request: WireRequest): WireResponse => {
    if (isClosed) throw new StatusError(503, "ServiceUnavailable", "the sandbox is closed");
    const { method, path, query } = request;
    authorize(request);
    const review = findReview(path);
    if (review !== undefined && method === "POST") {
      const reviewed = answerReview(review, readObject(request));
      return jsonResponse(JSON.stringify(reviewed), 201, []);
    }
    const route = parseRoute(method, path, query, registry);
    if (route === undefined) return answerPage(request, registry, tokens);
    const key = countKey(route);
    counts.set(key, (counts.get(key) ?? 0) + 1);
    const fault = faults.take(route);
    if (fault !== undefined) return errorResponse(faultError(fault), fault.retryAfterSeconds);
    return requests.handle(route, request);
  };
  const respond = (request: WireRequest): WireResponse => {
    try {
      return answer(request);
    } catch (thrown) {
      return refusalOf(thrown);
    }
  };

  const close = () => {
    if (isClosed) return;
    isClosed = true;
    background.close();
    watches.drop("end");
  };
  createNamespaces(operations, registry);
  return {
    handler: toHandler(respond),
    respond,
    issuer: tokens.issuer,
    get jwks() {
      return tokens.jwks;
    },
    requestCounts: counts,
    get watchCount() {
      return watches.count;
    },
    objects(kind, namespace) {
      const storages = new Set(registry.all.filter((item) => item.kind === kind).map((item) => item.storage));
      return [...storages].flatMap((storage) =>
        store.list(storage, namespace).map(([, entry]) => entry.object),
      );
    },
    dropWatches: (how = "reset") => watches.drop(how),
    compactHistory(answerWith = "event") {
      store.compact();
      watches.refusesBefore = answerWith === "status" ? store.version : 0;
    },
    failNext: (fault) => faults.add(fault),
    close,
    [Symbol.dispose]: close,
  };
}

/** A refusal becomes its Status; anything else is a bug, except a body that is nested too deeply for the stack. */
function refusalOf(thrown: unknown): WireResponse {
  if (thrown instanceof StatusError) return errorResponse(thrown);
  if (thrown instanceof PageNotFoundError) return plainResponse(`${thrown.message}\n`, 404);
  if (thrown instanceof RangeError)
    return errorResponse(badRequest("the body of the request is nested too deeply"));
  throw thrown;
}

function countKey({ verb, resource, subresource }: Route): string {
  return `${verb} ${resource.plural}${subresource === undefined ? "" : `/${subresource}`}`;
}

/** Health and the public keys are open to all; the rest needs the admin token unless `anonymous`. */
function authorizer({ adminToken, anonymous = true }: SandboxOptions): (request: WireRequest) => void {
  const digest = (text: string) => hash("sha256", text, "buffer");
  const expected = adminToken === undefined ? undefined : digest(`Bearer ${adminToken}`);
  const openPaths =
    /^\/(?:healthz|livez|readyz|version|openid\/v1\/jwks|\.well-known\/openid-configuration)?$/;
  return (request) => {
    const given = request.header("authorization");
    if (given === undefined ? anonymous || openPaths.test(request.path) : expected === undefined) return;
    if (given !== undefined && expected !== undefined && timingSafeEqual(digest(given), expected)) return;
    throw new StatusError(401, "Unauthorized", "Unauthorized");
  };
}

const systemWrite: WriteOptions = {
  writer: { manager: "keyweir-sandbox", subresource: undefined },
  isDryRun: false,
  fieldValidation: "Ignore",
  isPatch: false,
  warn() {},
};

function createNamespaces(operations: Operations, registry: Registry): void {
  const resource = registry.find("", "v1", "namespaces")!;
  for (const name of initialNamespaces) {
    const body = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
    operations.create({ resource, namespace: undefined }, body, systemWrite);
  }
}

/** Every namespace has a `default` service account from its first moment. */
function createServiceAccounts(store: Store, registry: Registry, operations: Operations): void {
  const resource = registry.find("", "v1", "serviceaccounts")!;
  store.onChange(({ type, storage, entry }) => {
    if (storage !== namespaceStorage || type !== "ADDED") return;
    const body = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } };
    operations.create({ resource, namespace: entry.object.metadata.name }, body, systemWrite);
  });
}
