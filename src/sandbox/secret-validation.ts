import { invalidField, immutableField } from "./metadata.ts";
import { getOwn, isEqual, isJsonObject, type JsonObject, type KubeObject } from "./object.ts";
import type { FieldError } from "./status-error.ts";

const sizeLimitBytes = 1_048_576;

/** Moves `stringData` into `data` and fills in the type. */
export function prepareSecret(body: JsonObject): JsonObject {
  const { stringData, data, type, ...rest } = body;
  const plain = isJsonObject(stringData) ? Object.entries(stringData) : [];
  if (plain.some(([, value]) => typeof value !== "string")) return body;
  const encoded = plain.map(([key, value]): [string, string] => [
    key,
    Buffer.from(value as string).toString("base64"),
  ]);
  const isOpen = data !== undefined && !isJsonObject(data);
  const values = isOpen || encoded.length === 0 ? data : { ...data, ...Object.fromEntries(encoded) };
  return {
    ...rest,
    ...(isFilled(values) ? { data: values } : {}),
    type: type === undefined || type === null || type === "" ? "Opaque" : type,
  };
}

/** Leaves empty maps out, as the real server does. */
export function prepareConfigMap(body: JsonObject): JsonObject {
  const { data, binaryData, ...rest } = body;
  return {
    ...rest,
    ...(isFilled(data) ? { data } : {}),
    ...(isFilled(binaryData) ? { binaryData } : {}),
  };
}

function isFilled(value: unknown): boolean {
  return value !== undefined && (!isJsonObject(value) || Object.keys(value).length > 0);
}

/** Keys, size, type rules, and what may not change. Values are never repeated in an error. */
export function validateSecret(object: KubeObject, old: KubeObject | undefined): FieldError[] {
  const data = isJsonObject(object["data"]) ? object["data"] : {};
  const errors: FieldError[] = [];
  if (old !== undefined && old["type"] !== object["type"]) {
    errors.push(immutableField("type", object["type"] ?? ""));
  }
  errors.push(...validateImmutable(object, old, ["data"]));
  let sizeBytes = 0;
  for (const [key, value] of Object.entries(data)) {
    errors.push(...keyErrors("data", key));
    sizeBytes += decodedSizeBytes(value);
  }
  if (sizeBytes > sizeLimitBytes) errors.push(tooLong("data"));
  errors.push(...validateType(object, data));
  return errors;
}

/** Keys, size, and what may not change. */
export function validateConfigMap(object: KubeObject, old: KubeObject | undefined): FieldError[] {
  const data = isJsonObject(object["data"]) ? object["data"] : {};
  const binaryData = isJsonObject(object["binaryData"]) ? object["binaryData"] : {};
  const errors = validateImmutable(object, old, ["data", "binaryData"]);
  let sizeBytes = 0;
  for (const [key, value] of Object.entries(data)) {
    errors.push(...keyErrors("data", key));
    if (getOwn(binaryData, key) !== undefined) {
      errors.push(invalidField(`data[${key}]`, key, "duplicate of key present in binaryData"));
    }
    sizeBytes += typeof value === "string" ? Buffer.byteLength(value) : 0;
  }
  for (const [key, value] of Object.entries(binaryData)) {
    errors.push(...keyErrors("binaryData", key));
    sizeBytes += decodedSizeBytes(value);
  }
  if (sizeBytes > sizeLimitBytes) errors.push(tooLong(""));
  return errors;
}

function validateType(object: KubeObject, data: JsonObject): FieldError[] {
  const needs = (...keys: string[]) => keys.filter((key) => getOwn(data, key) === undefined).map(requiredKey);
  switch (object["type"]) {
    case "kubernetes.io/tls":
      return needs("tls.crt", "tls.key");
    case "kubernetes.io/ssh-auth":
      return getOwn(data, "ssh-privatekey") ? [] : [requiredKey("ssh-privatekey")];
    case "kubernetes.io/basic-auth": {
      const missing = needs("username", "password");
      return missing.length === 2 ? missing : [];
    }
    case "kubernetes.io/dockercfg":
      return jsonErrors(data, ".dockercfg");
    case "kubernetes.io/dockerconfigjson":
      return jsonErrors(data, ".dockerconfigjson");
    case "kubernetes.io/service-account-token": {
      const annotation = "kubernetes.io/service-account.name";
      if ((object.metadata.annotations?.[annotation] ?? "") !== "") return [];
      return [
        {
          reason: "FieldValueRequired",
          field: `metadata.annotations[${annotation}]`,
          detail: "Required value",
        },
      ];
    }
    default:
      return [];
  }
}

function requiredKey(key: string): FieldError {
  return { reason: "FieldValueRequired", field: `data[${key}]`, detail: "Required value" };
}

function jsonErrors(data: JsonObject, key: string): FieldError[] {
  const value = getOwn(data, key);
  if (typeof value !== "string") return [requiredKey(key)];
  try {
    if (isJsonObject(JSON.parse(Buffer.from(value, "base64").toString()))) return [];
  } catch {
    // Not JSON: the same answer as for JSON that is no object.
  }
  return [invalidField(`data[${key}]`, "<secret contents redacted>", "must be a JSON object")];
}

function validateImmutable(
  object: KubeObject,
  old: KubeObject | undefined,
  fields: readonly string[],
): FieldError[] {
  if (old?.["immutable"] !== true) return [];
  const changed = fields.filter((field) => !isEqual(object[field], old[field]));
  if (object["immutable"] !== true) changed.unshift("immutable");
  return changed.map((field) => ({
    reason: "FieldValueForbidden",
    field,
    detail: "Forbidden: field is immutable when `immutable` is set",
  }));
}

const keyPattern = /^[-._a-zA-Z0-9]+$/;

function keyErrors(field: string, key: string): FieldError[] {
  const problems: string[] = [];
  if (key.length > 253) problems.push("must be no more than 253 characters");
  if (!keyPattern.test(key)) {
    problems.push(
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    );
  }
  if (key === "." || key === "..") problems.push(`must not be '${key}'`);
  else if (key.startsWith("..")) problems.push("must not start with '..'");
  return problems.map((problem) => invalidField(`${field}[${key}]`, key, problem));
}

function decodedSizeBytes(value: unknown): number {
  if (typeof value !== "string") return 0;
  const padding = value.endsWith("==") ? 2 : value.endsWith("=") ? 1 : 0;
  return (value.length / 4) * 3 - padding;
}

function tooLong(field: string): FieldError {
  return {
    reason: "FieldValueTooLong",
    field,
    detail: `Too long: may not be more than ${sizeLimitBytes} bytes`,
  };
}
