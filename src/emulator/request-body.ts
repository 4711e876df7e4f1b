import { serviceLimit } from "../limits/service-limits.ts";
import type { StoredVersion } from "./object-store.ts";
import { badParameter } from "./service-error.ts";

/** A parsed JSON object of a request. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Parses a body that must be a JSON object. Answers 400 otherwise, without echoing the body. */
export function readJsonObject(body: string): JsonObject {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw badParameter(
      "The request body is not valid JSON. Send a JSON object with Content-Type application/json.",
    );
  }
  if (!isJsonObject(parsed)) throw badParameter("The request body is not a JSON object.");
  return parsed;
}

/** Whether a parsed JSON value is an object, no array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A string property; 400 when it is something else or longer than `limit` characters. Null counts as absent. */
export function readString(
  body: JsonObject,
  name: string,
  limit = Number.POSITIVE_INFINITY,
): string | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string")
    throw badParameter(`Property ${name} has invalid value: it is not a string.`);
  if (value.length > limit) {
    throw badParameter(`Property ${name} has invalid value: it is longer than ${limit} characters.`);
  }
  return value;
}

/** As {@link readString}; 400 also when it is absent. */
export function readRequiredString(body: JsonObject, name: string): string {
  const value = readString(body, name);
  if (value === undefined) throw badParameter(`Property ${name} has invalid value: it is missing.`);
  return value;
}

/** The attributes that a caller may set. Absent ones are left out. */
export type GivenAttributes = Partial<Pick<StoredVersion, "enabled" | "notBefore" | "expires">>;

/** Reads `attributes` of a set, update or create. */
export function readAttributes(body: JsonObject): GivenAttributes {
  const attributes = body["attributes"];
  if (attributes === undefined || attributes === null) return {};
  if (!isJsonObject(attributes))
    throw badParameter("Property attributes has invalid value: it is not an object.");
  const given: { -readonly [Name in keyof GivenAttributes]: GivenAttributes[Name] } = {};
  const enabled = attributes["enabled"];
  if (enabled !== undefined && enabled !== null) {
    if (typeof enabled !== "boolean") {
      throw badParameter("Property attributes.enabled has invalid value: it is neither true nor false.");
    }
    given.enabled = enabled;
  }
  const notBefore = readSeconds(attributes, "nbf");
  if (notBefore !== undefined) given.notBefore = notBefore;
  const expires = readSeconds(attributes, "exp");
  if (expires !== undefined) given.expires = expires;
  if (notBefore !== undefined && expires !== undefined && expires < notBefore) {
    throw badParameter("Property attributes.exp has invalid value: it is before attributes.nbf.");
  }
  return given;
}

/** Reads `tags`: up to 15 strings by name. Absent tags give undefined. */
export function readTags(body: JsonObject): Readonly<Record<string, string>> | undefined {
  const tags = body["tags"];
  if (tags === undefined || tags === null) return undefined;
  if (!isJsonObject(tags)) throw badParameter("Property tags has invalid value: it is not an object.");
  const entries = Object.entries(tags);
  const countLimit = serviceLimit("tags");
  if (entries.length > countLimit) {
    throw badParameter(`Property tags has invalid value: there are more than ${countLimit}.`);
  }
  const nameLimit = serviceLimit("tag-name-characters");
  const valueLimit = serviceLimit("tag-value-characters");
  for (const [name, value] of entries) {
    if (name.length > nameLimit)
      throw badParameter(`Property tags has a name longer than ${nameLimit} characters.`);
    if (typeof value !== "string" || value.length > valueLimit) {
      throw badParameter(
        `Property tags has a value that is not a string of at most ${valueLimit} characters.`,
      );
    }
  }
  return Object.fromEntries(entries) as Record<string, string>;
}

/** Throws 400 unless `name` may name a secret, key or certificate. */
export function assertObjectName(name: string): void {
  if (!/^[0-9a-zA-Z-]{1,127}$/.test(name)) {
    throw badParameter(
      `The request URI contains an invalid name: ${name.slice(0, 140)}. A name has 1 to 127 letters, digits and dashes.`,
    );
  }
}

function readSeconds(attributes: JsonObject, name: string): number | undefined {
  const value = attributes[name];
  if (value === undefined || value === null) return undefined;
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw badParameter(`Property attributes.${name} has invalid value: it is not a whole number of seconds.`);
  }
  return value as number;
}
