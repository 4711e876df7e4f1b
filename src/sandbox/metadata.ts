import type { Random } from "../core/random.ts";
import type { Json, JsonObject, KubeObject, ObjectMeta, OwnerReference } from "./object.ts";
import { isEqual, isJsonObject } from "./object.ts";
import type { Resource } from "./resource.ts";
import { badRequest, type FieldError } from "./status-error.ts";

const subdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const labelText =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const qualifiedText =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const labelValueText =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/** All patterns here run in linear time on any input. */
const dnsLabel = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const qualifiedPart = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const annotationLimitBytes = 262_144;

/** What is wrong with a DNS label, as the API words it. */
function labelNameProblems(name: string): string[] {
  if (name.includes(".")) return ["must not contain dots"];
  const problems = dnsLabel.test(name) ? [] : [labelText];
  return name.length > 63 ? ["must be no more than 63 bytes", ...problems] : problems;
}

/** What is wrong with a DNS subdomain, as the API words it. */
function subdomainProblems(name: string): string[] {
  const problems = name.split(".").every((part) => dnsLabel.test(part)) ? [] : [subdomainText];
  return name.length > 253 ? ["must be no more than 253 bytes", ...problems] : problems;
}

function qualifiedNameProblems(name: string): string[] {
  const slash = name.indexOf("/");
  const problems: string[] = [];
  if (slash >= 0) {
    const prefix = name.slice(0, slash);
    if (prefix === "") problems.push("prefix part must be non-empty");
    else problems.push(...subdomainProblems(prefix).map((problem) => `prefix part ${problem}`));
  }
  const part = name.slice(slash + 1);
  if (part === "") problems.push("name part must be non-empty");
  else if (part.length > 63) problems.push("name part must be no more than 63 bytes");
  if (!qualifiedPart.test(part)) problems.push(qualifiedText);
  return problems;
}

/** Checks the shape of `metadata` before anything reads it: throws 400 as the decoder of the real server does. */
export function readMetadata(body: JsonObject): JsonObject {
  const metadata = body["metadata"] ?? {};
  if (!isJsonObject(metadata)) throw badRequest("metadata must be an object");
  for (const field of ["name", "generateName", "namespace", "uid", "resourceVersion"]) {
    const value = metadata[field] ?? "";
    if (typeof value !== "string") throw badRequest(`metadata.${field} must be a string`);
  }
  for (const field of ["labels", "annotations"]) {
    const map = metadata[field] ?? {};
    if (!isJsonObject(map) || Object.values(map).some((value) => typeof value !== "string")) {
      throw badRequest(`metadata.${field} must be an object of strings`);
    }
  }
  const owners = metadata["ownerReferences"] ?? [];
  if (!Array.isArray(owners) || !owners.every((owner) => isJsonObject(owner))) {
    throw badRequest("metadata.ownerReferences must be a list of objects");
  }
  const finalizers = metadata["finalizers"] ?? [];
  if (!Array.isArray(finalizers) || !finalizers.every((item) => typeof item === "string")) {
    throw badRequest("metadata.finalizers must be a list of strings");
  }
  return metadata;
}

/** The fields of `metadata` that a client owns; empty lists and maps are dropped, as in the real server. */
export function clientMetadata(metadata: JsonObject): Partial<ObjectMeta> {
  const { labels, annotations, ownerReferences, finalizers } = metadata as Partial<ObjectMeta>;
  return {
    ...(isFilled(labels) ? { labels } : {}),
    ...(isFilled(annotations) ? { annotations } : {}),
    ...(isFilled(ownerReferences) ? { ownerReferences: ownerReferences.map(knownFields) } : {}),
    ...(isFilled(finalizers) ? { finalizers } : {}),
  };
}

/** An owner without fields that the API does not know; the same object when there are none. */
function knownFields(owner: OwnerReference): OwnerReference {
  if (Object.keys(owner).every((field) => ownerFields.has(field))) return owner;
  return Object.fromEntries(
    Object.entries(owner).filter(([field]) => ownerFields.has(field)),
  ) as OwnerReference;
}

const ownerFields = new Set(["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"]);

function isFilled<T extends object>(value: T | null | undefined): value is T {
  if (value === undefined || value === null) return false;
  return Array.isArray(value) ? value.length > 0 : Object.keys(value).length > 0;
}

/** What is wrong with the metadata of a new or changed object. */
export function validateMetadata(
  resource: Resource,
  metadata: ObjectMeta,
  old: ObjectMeta | undefined,
): FieldError[] {
  const errors: FieldError[] = [];
  const add = (field: string, value: Json, problem: string) =>
    errors.push(invalidField(`metadata.${field}`, value, problem));
  if (metadata.name === "") {
    errors.push({
      reason: "FieldValueRequired",
      field: "metadata.name",
      detail: "Required value: name or generateName is required",
    });
  } else if (old === undefined) {
    const problems = resource.storage === "/namespaces" ? labelNameProblems : subdomainProblems;
    for (const problem of problems(metadata.name)) add("name", metadata.name, problem);
  }
  if (metadata.labels !== old?.labels) {
    for (const [key, value] of Object.entries(metadata.labels ?? {})) {
      for (const problem of qualifiedNameProblems(key)) add("labels", key, problem);
      if (value.length > 63) add("labels", value, "must be no more than 63 bytes");
      if (value !== "" && !qualifiedPart.test(value)) add("labels", value, labelValueText);
    }
  }
  if (metadata.annotations !== old?.annotations) {
    let sizeBytes = 0;
    for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
      for (const problem of qualifiedNameProblems(key.toLowerCase())) add("annotations", key, problem);
      sizeBytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    }
    if (sizeBytes > annotationLimitBytes) {
      errors.push({
        reason: "FieldValueTooLong",
        field: "metadata.annotations",
        detail: `Too long: may not be more than ${annotationLimitBytes} bytes`,
      });
    }
  }
  errors.push(...validateOwners(metadata.ownerReferences ?? []));
  for (const finalizer of metadata.finalizers ?? []) {
    for (const problem of qualifiedNameProblems(finalizer)) add("finalizers", finalizer, problem);
  }
  if (old !== undefined) errors.push(...validateChange(metadata, old));
  return errors;
}

function validateOwners(owners: readonly OwnerReference[]): FieldError[] {
  const errors: FieldError[] = [];
  let controllers = 0;
  for (const owner of owners) {
    for (const field of ["apiVersion", "kind", "name", "uid"] as const) {
      if (typeof owner[field] === "string" && owner[field] !== "") continue;
      const problem = field === "apiVersion" ? "version must not be empty" : "must not be empty";
      errors.push(invalidField(`metadata.ownerReferences.${field}`, "", problem));
    }
    if (owner.controller === true) controllers++;
  }
  if (controllers > 1) {
    const problem = "Only one reference can have Controller set to true.";
    errors.push(invalidField("metadata.ownerReferences", owners, problem));
  }
  return errors;
}

function validateChange(metadata: ObjectMeta, old: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  if (metadata.uid !== old.uid) errors.push(immutableField("metadata.uid", metadata.uid));
  if (old.deletionTimestamp !== undefined) {
    const added = (metadata.finalizers ?? []).filter((item) => old.finalizers?.includes(item) !== true);
    if (added.length > 0) {
      const names = added.map((item) => JSON.stringify(item)).join(", ");
      errors.push({
        reason: "FieldValueForbidden",
        field: "metadata.finalizers",
        detail: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${names}}`,
      });
    }
  }
  return errors;
}

/** A 422 cause that shows the value; not for anything that may be secret. */
export function invalidField(field: string, value: Json, problem: string): FieldError {
  return {
    reason: "FieldValueInvalid",
    field,
    detail: `Invalid value: ${JSON.stringify(value)}: ${problem}`,
  };
}

/** A 422 cause for a field that may not change. */
export function immutableField(field: string, value: Json): FieldError {
  return invalidField(field, value, "field is immutable");
}

/** Whether two states of an object are the same but for the book-keeping of the server. */
export function isSameState(left: KubeObject, right: KubeObject): boolean {
  const { managedFields: _left, resourceVersion: _leftVersion, ...leftMetadata } = left.metadata;
  const { managedFields: _right, resourceVersion: _rightVersion, ...rightMetadata } = right.metadata;
  return (
    isEqual(leftMetadata, rightMetadata) && isEqual({ ...left, metadata: null }, { ...right, metadata: null })
  );
}

const suffixAlphabet = "bcdfghjklmnpqrstvwxz2456789";

/** `base` with five random characters. */
export function generateName(base: string, random: Random): string {
  let suffix = "";
  for (let index = 0; index < 5; index++) {
    suffix += suffixAlphabet[Math.floor(random.next() * suffixAlphabet.length)];
  }
  return base.slice(0, 58) + suffix;
}

/** A version 4 UUID. */
export function generateUid(random: Random): string {
  let hex = "";
  for (let index = 0; index < 4; index++) {
    hex += Math.floor(random.next() * 2 ** 32)
      .toString(16)
      .padStart(8, "0");
  }
  const variant = "89ab"[Number.parseInt(hex[16]!, 16) & 3]!;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** RFC 3339 in whole seconds, as `metav1.Time`. */
export function formatTime(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, 19)}Z`;
}
