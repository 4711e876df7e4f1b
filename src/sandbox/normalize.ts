import { getOwn, isJsonObject, setOwn, type Json, type JsonObject } from "./object.ts";
import type { Schema } from "./schema.ts";

/** Takes the path of every field that the schema does not know. */
type UnknownSink = (path: string) => void;

const embeddedFields = new Set(["apiVersion", "kind", "metadata"]);

/**
 * Drops what the schema does not know and nulls where there may be none, and fills in its defaults. Shares with
 * `value` all that stays as it is. The root's apiVersion, kind and metadata are never dropped.
 */
export function normalize(value: JsonObject, schema: Schema, onUnknown: UnknownSink): JsonObject {
  return normalizeObject(value, schema, "", onUnknown, true);
}

function normalizeValue(value: Json, schema: Schema, path: string, onUnknown: UnknownSink): Json {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return value;
    const result = value.map((item: Json, index) =>
      normalizeValue(item, items, `${path}[${index}]`, onUnknown),
    );
    return result.every((item, index) => item === value[index]) ? value : result;
  }
  if (!isJsonObject(value)) return value;
  const isEmbedded = schema["x-kubernetes-embedded-resource"] === true;
  return normalizeObject(value, schema, path, onUnknown, isEmbedded);
}

function normalizeObject(
  value: JsonObject,
  schema: Schema,
  path: string,
  onUnknown: UnknownSink,
  isResource: boolean,
): JsonObject {
  const properties = schema.properties ?? {};
  let changed: Record<string, unknown> | undefined;
  for (const key of Object.keys(value)) {
    const item = value[key];
    if (isResource && embeddedFields.has(key)) continue;
    const itemSchema = schemaOf(schema, properties, key);
    if (item === undefined || itemSchema === undefined) {
      if (itemSchema === undefined) onUnknown(joinPath(path, key));
      changed ??= { ...value };
      delete changed[key];
      continue;
    }
    if (item === null && itemSchema !== anything && itemSchema.nullable !== true) {
      changed ??= { ...value };
      delete changed[key];
      continue;
    }
    const normal = normalizeValue(item, itemSchema, joinPath(path, key), onUnknown);
    if (normal !== item) setOwn((changed ??= { ...value }), key, normal);
  }
  for (const key of Object.keys(properties)) {
    const property = properties[key]!;
    if (property.default === undefined || getOwn((changed ?? value) as JsonObject, key) !== undefined)
      continue;
    const filled = normalizeValue(property.default, property, joinPath(path, key), onUnknown);
    setOwn((changed ??= { ...value }), key, filled);
  }
  return (changed as JsonObject | undefined) ?? value;
}

const anything: Schema = { "x-kubernetes-preserve-unknown-fields": true };

function schemaOf(
  schema: Schema,
  properties: Readonly<Record<string, Schema>>,
  key: string,
): Schema | undefined {
  if (Object.hasOwn(properties, key)) return properties[key];
  const { additionalProperties } = schema;
  if (typeof additionalProperties === "object") return additionalProperties;
  if (additionalProperties === true || schema["x-kubernetes-preserve-unknown-fields"] === true)
    return anything;
  return undefined;
}

/** `a.b`, or `b` below the root. */
export function joinPath(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}
