import type { JsonObject, KubeObject } from "./object.ts";
import { isJsonObject } from "./object.ts";
import { invalidField } from "./metadata.ts";
import type { FieldError } from "./status-error.ts";

/** Moves `stringData` into `data` and fills in the type. */
export function prepareSecret(body: JsonObject, old: KubeObject | undefined): JsonObject {
  const { stringData, ...rest } = body;
  const type = rest["type"] ?? (old === undefined || rest["type"] === undefined ? "Opaque" : old["type"]);
  if (!isJsonObject(stringData)) return { ...rest, type: type === "" ? "Opaque" : type };
  const encoded: Record<string, string> = {};
  for (const [key, value] of Object.entries(stringData)) {
    if (typeof value === "string") encoded[key] = Buffer.from(value).toString("base64");
  }
  const data = isJsonObject(rest["data"]) ? rest["data"] : {};
  return { ...rest, data: { ...data, ...encoded }, type };
}

export function validateSecret(_object: KubeObject, _old: KubeObject | undefined): FieldError[] {
  void invalidField;
  return [];
}

export function prepareConfigMap(body: JsonObject): JsonObject {
  return body;
}

export function validateConfigMap(_object: KubeObject, _old: KubeObject | undefined): FieldError[] {
  return [];
}
