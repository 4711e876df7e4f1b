import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { JsonObject } from "./object.ts";
import type { Operations } from "./operations.ts";
import { patchWith } from "./patch-types.ts";
import { listPage } from "./list-page.ts";
import { readBody, readObject } from "./request-body.ts";
import { checkWatchParameters, deleteOptions, writeOptions } from "./request-options.ts";
import { jsonResponse, parseAccept, type Format, type Writing } from "./respond.ts";
import { isTrue, type Route } from "./routes.ts";
import { combineSelectors, parseFieldSelector, parseLabelSelector, type Selector } from "./selectors.ts";
import { badRequest } from "./status-error.ts";
import type { Entry, Store } from "./store.ts";
import { requestToken } from "./token-request.ts";
import type { TokenSigner } from "./tokens.ts";
import type { WatchHub, WatchRequest } from "./watch.ts";
import type { TextResponse, WatchResponse, WireRequest, WireResponse } from "./wire.ts";

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

  handle(route: Route, request: WireRequest): WireResponse {
    const { query } = request;
    const format = parseAccept(request.header("accept"), query);
    switch (route.verb) {
      case "get":
        return this.#object(route, this.#parts.operations.get(targetOf(route)), format, 200, []);
      case "list":
        return this.#list(route, query, format);
      case "watch":
        return this.#watch(route, query, format);
      case "create":
        return route.subresource === "token"
          ? this.#token(route, readObject(request))
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

  #object(
    route: Route,
    entry: Entry,
    format: Format,
    status: number,
    warnings: readonly string[],
  ): TextResponse {
    return jsonResponse(this.#parts.writing.objectText(route.resource, entry, format), status, warnings);
  }

  #list(route: Route, query: URLSearchParams, format: Format): TextResponse {
    const { entries, metadata } = listPage(this.#parts.store, route, query, selectorOf(route, query));
    return jsonResponse(this.#parts.writing.listText(route.resource, entries, metadata, format), 200, []);
  }

  #watch(route: Route, query: URLSearchParams, format: Format): WatchResponse {
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
    const wanted: WatchRequest = {
      resource,
      namespace,
      selector: selectorOf(route, query),
      since: isFromPresent ? undefined : Math.min(Number(version), store.version),
      hasBookmarks,
      marksInitialEnd: sendsInitial && hasBookmarks,
      timeoutMs: timeoutSeconds === 0 ? undefined : timeoutSeconds * 1000,
      encode: (entry) => writing.objectText(resource, entry, format),
    };
    return { kind: "watch", open: (sink) => watches.open(wanted, sink) };
  }

  #create(route: Route, request: WireRequest, query: URLSearchParams, format: Format): TextResponse {
    const { resource, namespace } = route;
    const warnings: string[] = [];
    const options = writeOptions(route, request, query, warnings);
    const body = readObject(request);
    const entry = this.#parts.operations.create({ resource, namespace }, body, options);
    return this.#object(route, entry, format, 201, warnings);
  }

  #change(route: Route, request: WireRequest, query: URLSearchParams, format: Format): TextResponse {
    const { operations } = this.#parts;
    const warnings: string[] = [];
    const options = writeOptions(route, request, query, warnings);
    const target = targetOf(route);
    let entry: Entry;
    if (route.verb === "update") {
      entry = operations.update(target, readObject(request), options);
    } else {
      const change = patchWith(route.resource, request);
      entry = operations.patch(target, change, options);
    }
    return this.#object(route, entry, format, 200, warnings);
  }

  #delete(route: Route, request: WireRequest, query: URLSearchParams, format: Format): TextResponse {
    const options = deleteOptions(readBody(request), query);
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

  #deleteCollection(
    route: Route,
    request: WireRequest,
    query: URLSearchParams,
    format: Format,
  ): TextResponse {
    const options = deleteOptions(readBody(request), query);
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

  #token(route: Route, body: JsonObject): TextResponse {
    const { operations, tokens, clock, random } = this.#parts;
    const { metadata } = operations.get(targetOf(route)).object;
    const account = { namespace: metadata.namespace ?? "", name: metadata.name, uid: metadata.uid };
    const answer = requestToken(body, account, tokens, clock, random);
    return jsonResponse(JSON.stringify(answer), 201, []);
  }
}

function targetOf({ resource, namespace, name }: Route) {
  return { resource, namespace, name: name ?? "" };
}

function selectorOf(route: Route, query: URLSearchParams): Selector | undefined {
  const fields = parseFieldSelector(query.get("fieldSelector"), route.resource.selectableFields);
  return combineSelectors(parseLabelSelector(query.get("labelSelector")), fields);
}
