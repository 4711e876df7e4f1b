import { normalize } from "./normalize.ts";
import type { JsonObject, KubeObject, ObjectMeta } from "./object.ts";
import type { Resource } from "./resource.ts";
import { badRequest, invalid, type FieldError, type StatusError } from "./status-error.ts";
import { validate } from "./validate.ts";

/** What happens to fields that the schema does not know: `Strict` refuses them, `Warn` and `Ignore` drop them. */
export type FieldValidation = "Ignore" | "Warn" | "Strict";

export interface AdmitOptions {
  readonly fieldValidation: FieldValidation;
  /** Whether the object is the result of a patch: its errors of form are reported as the patch's. */
  readonly isPatch: boolean;
  warn(text: string): void;
}

/**
 * Brings an object into the form of its schema, then checks it. Broken forms of built-in kinds and, under `Strict`,
 * unknown fields are thrown, as the real server's decoder does; the errors that it returns are those of validation.
 */
export function admit(
  resource: Resource,
  body: JsonObject,
  metadata: ObjectMeta,
  old: KubeObject | undefined,
  options: AdmitOptions,
): { readonly object: KubeObject; readonly errors: readonly FieldError[] } {
  checkKind(resource, body, metadata, options);
  const unknown: string[] = [];
  const { kind: _kind, apiVersion: _apiVersion, metadata: _metadata, ...content } = body;
  const normal = normalize(content, resource.schema, (path) => void unknown.push(`unknown field "${path}"`));
  const object = { kind: resource.kind, apiVersion: resource.storageApiVersion, metadata, ...normal };
  if (unknown.length > 0 && options.fieldValidation === "Strict") {
    throw decodeError(resource, `strict decoding error: ${unknown.sort().join(", ")}`, options);
  }
  if (options.fieldValidation === "Warn") for (const text of unknown) options.warn(text);
  const errors = validate(object, resource.schema, "", old);
  if (!resource.isCustom) {
    const broken = errors.find((error) => error.reason === "FieldValueTypeInvalid");
    if (broken !== undefined) throw decodeError(resource, formText(broken), options);
  }
  return { object, errors: [...errors, ...(resource.validate?.(object, old) ?? [])] };
}

function checkKind(
  resource: Resource,
  { kind, apiVersion }: JsonObject,
  metadata: ObjectMeta,
  options: AdmitOptions,
): void {
  const { isCustom } = resource;
  if (kind === resource.kind && apiVersion === resource.apiVersion) return;
  if (!isCustom && !options.isPatch && (kind ?? "") === "" && (apiVersion ?? "") === "") return;
  const expected = `this address takes a ${resource.kind} of ${resource.apiVersion}`;
  if ((kind ?? "") === "") throw decodeError(resource, `Object 'Kind' is missing: ${expected}`, options);
  if ((apiVersion ?? "") === "")
    throw decodeError(resource, `Object 'apiVersion' is missing: ${expected}`, options);
  if (isCustom && apiVersion === resource.apiVersion) {
    const detail = `Invalid value: ${JSON.stringify(kind).slice(0, 200)}: must be ${resource.kind}`;
    throw invalid(resource, metadata.name, [{ reason: "FieldValueInvalid", field: "kind", detail }]);
  }
  const given = `${JSON.stringify(kind)} of ${JSON.stringify(apiVersion)}`;
  throw decodeError(resource, `the object is a ${given.slice(0, 200)}, but ${expected}`, options);
}

/** Without the value, which may be a secret. */
function formText({ field, detail }: FieldError): string {
  const expected = /must be of type ([\w,-]+)/.exec(detail)?.[1] ?? "another type";
  return expected === "byte" ? `${field}: illegal base64 data` : `${field}: must be of type ${expected}`;
}

function decodeError(resource: Resource, problem: string, { isPatch }: AdmitOptions): StatusError {
  if (isPatch) {
    return invalid({ group: "", kind: "" }, "", [
      { reason: "FieldValueInvalid", field: "patch", detail: `Invalid value: "<omitted>": ${problem}` },
    ]);
  }
  const { kind, version } = resource;
  return badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${problem}`);
}
