import type { Clock } from "../core/clock.ts";
import type { JsonObject, KubeObject } from "./object.ts";
import type { Resource } from "./resource.ts";
import { StatusError } from "./status-error.ts";
import type { Entry } from "./store.ts";
import { tableColumns, tableRow } from "./tables.ts";
import { jsonType, type TextResponse } from "./wire.ts";

/** The form in which a client wants objects, from its Accept header. */
export type Format =
  | { readonly kind: "object" }
  | {
      readonly kind: "table";
      readonly version: string;
      readonly includesObject: "None" | "Metadata" | "Object";
    };

const plainFormat: Format = { kind: "object" };

/** Picks the first form of an Accept header that the sandbox has; throws 406 when there is none. */
export function parseAccept(accept: string | undefined, query: URLSearchParams): Format {
  if (accept === undefined || accept === "application/json" || accept === "*/*") return plainFormat;
  for (const range of accept.split(",")) {
    const [type, ...parameters] = range.split(";").map((part) => part.trim());
    if (type !== "application/json" && type !== "*/*" && type !== "application/*") continue;
    const values = new Map(parameters.map((parameter) => parameter.split("=") as [string, string]));
    const as = values.get("as");
    const version = values.get("v") ?? "v1";
    if (as === undefined) return plainFormat;
    if (as === "Table" && values.get("g") === "meta.k8s.io") {
      return { kind: "table", version, includesObject: includedObject(query) };
    }
  }
  throw new StatusError(
    406,
    "NotAcceptable",
    "only the following media types are accepted: application/json (the sandbox writes no protobuf, CBOR or YAML)",
  );
}

function includedObject(query: URLSearchParams): "None" | "Metadata" | "Object" {
  const value = query.get("includeObject");
  return value === "None" || value === "Object" ? value : "Metadata";
}

/** Writes objects in the asked form and version. */
export class Writing {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The JSON text of one object, as lists and watch events hold it. */
  objectText(resource: Resource, entry: Entry, format: Format): string {
    if (format.kind === "object") return plainText(resource, entry);
    return this.#table(resource, [entry], format, {
      resourceVersion: entry.object.metadata.resourceVersion ?? "",
    });
  }

  listText(resource: Resource, entries: readonly Entry[], metadata: JsonObject, format: Format): string {
    if (format.kind === "table") return this.#table(resource, entries, format, metadata);
    const { listKind, apiVersion } = resource;
    const items = entries.map((entry) => itemText(resource, entry));
    return `{"kind":"${listKind}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)},"items":[${items.join(",")}]}`;
  }

  #table(
    resource: Resource,
    entries: readonly Entry[],
    format: Extract<Format, { kind: "table" }>,
    metadata: JsonObject,
  ): string {
    const nowMs = this.#clock.wallMs();
    const objectOf = (entry: Entry): JsonObject | null => {
      if (format.includesObject === "None") return null;
      if (format.includesObject === "Object") return entry.object;
      return metadataOf(entry.object, format.version);
    };
    return JSON.stringify({
      kind: "Table",
      apiVersion: `meta.k8s.io/${format.version}`,
      metadata,
      columnDefinitions: tableColumns(resource),
      rows: entries.map((entry) => tableRow(resource, entry.object, nowMs, objectOf(entry))),
    });
  }
}

function plainText(resource: Resource, entry: Entry): string {
  if (entry.object.apiVersion === resource.apiVersion) return entry.text;
  return JSON.stringify({ ...entry.object, apiVersion: resource.apiVersion });
}

/** Items of lists of built-in kinds do not repeat their kind. */
function itemText(resource: Resource, entry: Entry): string {
  if (resource.isCustom) return plainText(resource, entry);
  return `{${entry.text.slice(`{"kind":"${resource.kind}","apiVersion":"${resource.apiVersion}",`.length)}`;
}

function metadataOf({ metadata }: KubeObject, version: string): JsonObject {
  return { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}`, metadata };
}

const jsonHeaders = { "content-type": jsonType };

/** An answer in JSON; each warning becomes a `Warning` header, in ASCII. */
export function jsonResponse(text: string, status: number, warnings: readonly string[]): TextResponse {
  if (warnings.length === 0) return { kind: "text", status, headers: jsonHeaders, body: text };
  const warning = warnings.map(
    (item) => `299 - "${item.replace(/[\\"]/g, "\\$&").replace(/[^\x20-\x7e]/g, "?")}"`,
  );
  return { kind: "text", status, headers: { ...jsonHeaders, warning }, body: text };
}

/** An answer in plain text. */
export function plainResponse(text: string, status: number): TextResponse {
  return { kind: "text", status, headers: { "content-type": "text/plain;charset=UTF-8" }, body: text };
}

/** The `Status` of a refused request. */
export function errorResponse(error: StatusError, retryAfterSeconds?: number): TextResponse {
  const headers =
    retryAfterSeconds === undefined
      ? jsonHeaders
      : { ...jsonHeaders, "retry-after": String(retryAfterSeconds) };
  return { kind: "text", status: error.code, headers, body: JSON.stringify(error.body) };
}
