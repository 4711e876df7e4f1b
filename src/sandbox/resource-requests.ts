import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import { generateUid, formatTime } from "./metadata.ts";
import { isJsonObject, type JsonObject } from "./object.ts";
import type { DeleteOptions, Operations, WriteOptions } from "./operations.ts";
import { patchWith } from "./patch-types.ts";
import { listPage } from "./list-page.ts";
import { readBody, readObject } from "./request-body.ts";
import { jsonResponse, parseAccept, type Format, type Writing } from "./respond.ts";
import { isTrue, type Route } from "./routes.ts";
import { combineSelectors, parseFieldSelector, parseLabelSelector, type Selector } from "./selectors.ts";
import { badRequest, invalid, type FieldError } from "./status-error.ts";
import type { Entry, Store } from "./store.ts";
import type { TokenSigner } from "./tokens.ts";
import type { WatchHub } from "./watch.ts";

interface Parts {
  readonly store: Store;
  readonly operations: Operations;
  readonly watches: WatchHub;
  readonly writing: Writing;
  readonly tokens: TokenSigner;
  readonly clock: Clock;
  readonly random: Random;
}

/** Answers requests for resources: reads parameters and bodies, calls the operations, writes the answer. */
export class ResourceRequests {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async handle(route: Route, request: Request, query: URLSearchParams): Promise<Response> {
    const format = parseAccept(request.headers.get("accept"), query);
    switch (route.verb) {
      case "get":
        return this.#object(route, this.#parts.operations.get(targetOf(route)), format, 200, []);
      case "list":
        return this.#list(route, query, format);
      case "watch":
        return this.#watch(route, query, format);
      case "create":
        return route.subresource === "token"
          ? this.#token(route, await readObject(request))
          : this.#create(route, request, query, format);
      case "update":
      case "patch":
        return this.#change(route, request, query, format);
      case "delete":
        return this.#delete(route, request, query, format);
      case "deletecollection":
        return this.#deleteCollection(route, request, query, format);
    }
  }

  #object(route: Route, entry: Entry, format: Format, status: number, warnings: readonly string[]): Response {
    return jsonResponse(this.#parts.writing.objectText(route.resource, entry, format), status, warnings);
  }

  #list(route: Route, query: URLSearchParams, format: Format): Response {
    const { entries, metadata } = listPage(this.#parts.store, route, query, selectorOf(route, query));
    return jsonResponse(this.#parts.writing.listText(route.resource, entries, metadata, format), 200, []);
  }

  #watch(route: Route, query: URLSearchParams, format: Format): Response {
    const { resource, namespace } = route;
    const { store, watches, writing } = this.#parts;
    const sendsInitial = isTrue(query.get("sendInitialEvents"));
    checkWatchParameters(query);
    const version = query.get("resourceVersion") ?? "";
    if (!/^\d*$/.test(version)) {
      throw badRequest(
        `Invalid value: ${JSON.stringify(version.slice(0, 80))}: resourceVersion must be a number`,
      );
    }
    const hasBookmarks = isTrue(query.get("allowWatchBookmarks"));
    const timeoutSeconds = Number(query.get("timeoutSeconds") ?? "0");
    if (!(timeoutSeconds >= 0)) throw badRequest("timeoutSeconds must be a number of seconds");
    const isFromPresent = sendsInitial || version === "" || version === "0";
    if (!isFromPresent && watches.refusesBefore > Number(version)) throw watches.expiredStatus();
    const stream = watches.open({
      resource,
      namespace,
      selector: selectorOf(route, query),
      since: isFromPresent ? undefined : Math.min(Number(version), store.version),
      hasBookmarks,
      marksInitialEnd: sendsInitial && hasBookmarks,
      timeoutMs: timeoutSeconds === 0 ? undefined : timeoutSeconds * 1000,
      encode: (entry) => writing.objectText(resource, entry, format),
    });
    return new Response(stream, { headers: { "content-type": "application/json" } });
  }

  async #create(route: Route, request: Request, query: URLSearchParams, format: Format): Promise<Response> {
    const { resource, namespace } = route;
    const warnings: string[] = [];
    const options = writeOptions(route, request, query, warnings);
    const body = await readObject(request);
    const entry = this.#parts.operations.create({ resource, namespace }, body, options);
    return this.#object(route, entry, format, 201, warnings);
  }

  async #change(route: Route, request: Request, query: URLSearchParams, format: Format): Promise<Response> {
    const { operations } = this.#parts;
    const warnings: string[] = [];
    const options = writeOptions(route, request, query, warnings);
    const target = targetOf(route);
    let entry: Entry;
    if (route.verb === "update") {
      entry = operations.update(target, await readObject(request), options);
    } else {
      const change = await patchWith(route.resource, request);
      entry = operations.patch(target, change, options);
    }
    return this.#object(route, entry, format, 200, warnings);
  }

  async #delete(route: Route, request: Request, query: URLSearchParams, format: Format): Promise<Response> {
    const options = deleteOptions(await readBody(request), query);
    const { isDone, entry } = this.#parts.operations.delete(targetOf(route), options);
    const { resource } = route;
    if (!isDone || resource.storage === "/serviceaccounts")
      return this.#object(route, entry, format, 200, []);
    const status = {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Success",
      details: {
        name: entry.object.metadata.name,
        ...(resource.group === "" ? {} : { group: resource.group }),
        kind: resource.plural,
        uid: entry.object.metadata.uid,
      },
    };
    return jsonResponse(JSON.stringify(status), 200, []);
  }

  async #deleteCollection(
    route: Route,
    request: Request,
    query: URLSearchParams,
    format: Format,
  ): Promise<Response> {
    const options = deleteOptions(await readBody(request), query);
    const { resource } = route;
    const { store, operations, writing } = this.#parts;
    const { entries } = listPage(store, route, query, selectorOf(route, query));
    const deleted = entries.map(({ object: { metadata } }) => {
      const target = { resource, namespace: metadata.namespace, name: metadata.name };
      return operations.delete(target, options).entry;
    });
    const metadata = { resourceVersion: String(store.version) };
    return jsonResponse(writing.listText(resource, deleted, metadata, format), 200, []);
  }

  #token(route: Route, body: JsonObject): Response {
    const { operations, tokens, clock, random } = this.#parts;
    const target = targetOf(route);
    const { metadata: account } = operations.get(target).object;
    const spec = isJsonObject(body["spec"]) ? body["spec"] : {};
    const expirationSeconds = spec["expirationSeconds"] ?? 3600;
    const kind = { group: "authentication.k8s.io", kind: "TokenRequest" };
    const refuse = (field: string, detail: string): never => {
      const error: FieldError = { reason: "FieldValueInvalid", field, detail };
      throw invalid(kind, "", [error]);
    };
    if (typeof expirationSeconds !== "number") throw badRequest("spec.expirationSeconds must be a number");
    if (expirationSeconds < 600) {
      refuse(
        "spec.expirationSeconds",
        `Invalid value: ${expirationSeconds}: may not specify a duration less than 10 minutes`,
      );
    }
    if (expirationSeconds > 2 ** 32) {
      refuse(
        "spec.expirationSeconds",
        `Invalid value: ${expirationSeconds}: may not specify a duration larger than 2^32 seconds`,
      );
    }
    const given = spec["audiences"] ?? [];
    if (!Array.isArray(given) || !given.every((item) => typeof item === "string")) {
      throw badRequest("spec.audiences must be a list of strings");
    }
    const audiences = given.length > 0 ? (given as readonly string[]) : [tokens.issuer];
    const subject = { namespace: account.namespace ?? "", name: account.name, uid: account.uid };
    const issued = tokens.issue(subject, audiences, expirationSeconds, generateUid(random));
    const answer = {
      kind: "TokenRequest",
      apiVersion: "authentication.k8s.io/v1",
      metadata: { ...subject, creationTimestamp: formatTime(clock.wallMs()) },
      spec: { audiences, expirationSeconds, boundObjectRef: spec["boundObjectRef"] ?? null },
      status: { token: issued.token, expirationTimestamp: formatTime(issued.expiryMs) },
    };
    return jsonResponse(JSON.stringify(answer), 201, []);
  }
}

function targetOf({ resource, namespace, name }: Route) {
  return { resource, namespace, name: name ?? "" };
}

function selectorOf(route: Route, query: URLSearchParams): Selector | undefined {
  const fields = parseFieldSelector(query.get("fieldSelector"), route.resource.selectableFields);
  const all =
    route.name === undefined
      ? fields
      : [...fields, { field: "metadata.name", value: route.name, isEqual: true }];
  return combineSelectors(parseLabelSelector(query.get("labelSelector")), all);
}

function writeOptions(
  route: Route,
  request: Request,
  query: URLSearchParams,
  warnings: string[],
): WriteOptions {
  const fieldValidation = query.get("fieldValidation") ?? "Warn";
  if (fieldValidation !== "Ignore" && fieldValidation !== "Warn" && fieldValidation !== "Strict") {
    throw invalid({ group: "meta.k8s.io", kind: "CreateOptions" }, "", [
      {
        reason: "FieldValueNotSupported",
        field: "fieldValidation",
        detail: `Unsupported value: ${JSON.stringify(fieldValidation)}: supported values: "Ignore", "Strict", "Warn"`,
      },
    ]);
  }
  const agent = request.headers.get("user-agent") ?? "unknown";
  const manager =
    query.get("fieldManager") ?? agent.slice(0, Math.max(0, agent.indexOf("/")) || agent.length);
  return {
    writer: { manager: manager.slice(0, 128), subresource: route.subresource },
    isDryRun: isDryRun(query.getAll("dryRun")),
    fieldValidation,
    isPatch: route.verb === "patch",
    warn: (text) => void warnings.push(text),
  };
}

function isDryRun(values: readonly unknown[]): boolean {
  for (const value of values) {
    if (value === "All") continue;
    throw invalid({ group: "meta.k8s.io", kind: "WriteOptions" }, "", [
      {
        reason: "FieldValueNotSupported",
        field: "dryRun",
        detail: `Unsupported value: ${JSON.stringify(value)}: supported values: "All"`,
      },
    ]);
  }
  return values.length > 0;
}

function deleteOptions(body: unknown, query: URLSearchParams): DeleteOptions {
  const options = body ?? {};
  if (!isJsonObject(options)) throw badRequest("the body of a DELETE must be DeleteOptions");
  const preconditions = isJsonObject(options["preconditions"]) ? options["preconditions"] : {};
  const { uid, resourceVersion } = preconditions;
  const bodyDryRun = Array.isArray(options["dryRun"]) ? options["dryRun"] : [];
  const propagation = options["propagationPolicy"] ?? query.get("propagationPolicy") ?? "Background";
  if (propagation !== "Background" && propagation !== "Foreground" && propagation !== "Orphan") {
    throw invalid({ group: "meta.k8s.io", kind: "DeleteOptions" }, "", [
      {
        reason: "FieldValueNotSupported",
        field: "propagationPolicy",
        detail: `Unsupported value: ${JSON.stringify(propagation)}: supported values: "Background", "Foreground", "Orphan"`,
      },
    ]);
  }
  return {
    isDryRun: isDryRun([...bodyDryRun, ...query.getAll("dryRun")]),
    ...(typeof uid === "string" ? { uid } : {}),
    ...(typeof resourceVersion === "string" ? { resourceVersion } : {}),
    propagation: options["orphanDependents"] === true ? "Orphan" : propagation,
  };
}

function checkWatchParameters(query: URLSearchParams): void {
  const match = query.get("resourceVersionMatch");
  const hasInitial = query.has("sendInitialEvents");
  const refuse = (field: string, detail: string): never => {
    throw invalid({ group: "meta.k8s.io", kind: "ListOptions" }, "", [
      { reason: "FieldValueForbidden", field, detail: `Forbidden: ${detail}` },
    ]);
  };
  if (match !== null && !hasInitial) {
    refuse(
      "resourceVersionMatch",
      "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
    );
  }
  if (hasInitial && match !== "NotOlderThan") {
    refuse("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  }
}
