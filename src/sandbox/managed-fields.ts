import { compareFields, subtractFields, uniteFields, type FieldSet } from "./field-set.ts";
import type { Json, JsonObject, KubeObject } from "./object.ts";
import { hasStatus, namespaceStorage, type Resource } from "./resource.ts";
import type { Schema } from "./schema.ts";

/** Who writes. */
export interface Writer {
  readonly manager: string;
  readonly subresource: string | undefined;
}

const metadataSchema: Schema = {
  properties: {
    ownerReferences: {
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["uid"],
      items: { "x-kubernetes-map-type": "atomic" },
    },
    finalizers: { "x-kubernetes-list-type": "set" },
  },
};

/**
 * The managed fields after a write: what it set or changed belongs to the writer alone, what it removed to nobody, and
 * a manager without fields is no longer listed.
 */
export function recordManager(
  old: KubeObject | undefined,
  next: KubeObject,
  resource: Resource,
  writer: Writer,
  time: string,
): readonly JsonObject[] {
  const { changed, removed } = changesOf(old, next, resource, writer);
  const entries: JsonObject[] = [];
  let mine: FieldSet | undefined;
  for (const entry of old?.metadata.managedFields ?? []) {
    const fields = subtractFields(entry["fieldsV1"] as FieldSet, removed);
    if (isWriters(entry, writer, resource)) {
      mine = fields;
      continue;
    }
    const rest = subtractFields(fields, changed);
    if (rest !== undefined) entries.push({ ...entry, fieldsV1: rest });
  }
  const own = uniteFields(mine, changed);
  if (own !== undefined) {
    entries.push({
      manager: writer.manager,
      operation: "Update",
      apiVersion: resource.apiVersion,
      time,
      fieldsType: "FieldsV1",
      fieldsV1: own,
      ...(writer.subresource === undefined ? {} : { subresource: writer.subresource }),
    });
  }
  return entries.length < 2 ? entries : entries.sort(compareEntries);
}

function isWriters(entry: JsonObject, writer: Writer, resource: Resource): boolean {
  return (
    entry["manager"] === writer.manager &&
    entry["operation"] === "Update" &&
    entry["apiVersion"] === resource.apiVersion &&
    entry["subresource"] === writer.subresource
  );
}

/** By time, then manager, as the real server lists them. */
function compareEntries(left: JsonObject, right: JsonObject): number {
  for (const field of ["time", "manager", "apiVersion", "subresource"]) {
    const [leftText, rightText] = [left[field] ?? "", right[field] ?? ""];
    if (leftText !== rightText) return (leftText as string) < (rightText as string) ? -1 : 1;
  }
  return 0;
}

function changesOf(old: KubeObject | undefined, next: KubeObject, resource: Resource, writer: Writer) {
  const { schema, isCustom } = resource;
  const content = compareFields(
    contentOf(old, resource, writer),
    contentOf(next, resource, writer),
    schema,
    isCustom,
  );
  const metadata = compareFields(metadataOf(old), metadataOf(next), metadataSchema, false);
  const join = (fields: FieldSet | undefined, ofMetadata: FieldSet | undefined) =>
    ofMetadata === undefined ? fields : { ...fields, "f:metadata": ofMetadata };
  return {
    changed: join(withoutRoot(content.changed), metadata.changed),
    removed: join(withoutRoot(content.removed), metadata.removed),
  };
}

function withoutRoot(fields: FieldSet | undefined): FieldSet | undefined {
  if (fields === undefined || !Object.hasOwn(fields, ".")) return fields;
  const { ".": _root, ...rest } = fields;
  return Object.keys(rest).length === 0 ? undefined : rest;
}

/** What the writer can have written: what only the server sets belongs to nobody. */
function contentOf(object: KubeObject | undefined, resource: Resource, writer: Writer): Json | undefined {
  if (object === undefined) return undefined;
  if (resource.storage === namespaceStorage) return {};
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, ...content } = object;
  if (writer.subresource === "status" || !hasStatus(resource)) return content;
  const { status: _status, ...spec } = content;
  return spec;
}

function metadataOf(object: KubeObject | undefined): Json | undefined {
  if (object === undefined) return undefined;
  const { generateName, labels, annotations, ownerReferences, finalizers } = object.metadata;
  return {
    ...(generateName === undefined ? {} : { generateName }),
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(ownerReferences === undefined ? {} : { ownerReferences }),
    ...(finalizers === undefined ? {} : { finalizers }),
  };
}
