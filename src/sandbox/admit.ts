import type { JsonObject, KubeObject, ObjectMeta } from "./object.ts";
import type { Resource } from "./resource.ts";
import type { FieldError } from "./status-error.ts";

/** What happens to fields that the schema does not know: `Strict` refuses them, `Warn` and `Ignore` drop them. */
export type FieldValidation = "Ignore" | "Warn" | "Strict";

/** Brings an object into the form of its schema, then checks it. */
export function admit(
  resource: Resource,
  body: JsonObject,
  metadata: ObjectMeta,
  old: KubeObject | undefined,
  _options: { readonly fieldValidation: FieldValidation; warn(text: string): void },
): { readonly object: KubeObject; readonly errors: readonly FieldError[] } {
  const { kind: _kind, apiVersion: _apiVersion, metadata: _metadata, ...content } = body;
  const object = {
    kind: resource.kind,
    apiVersion: resource.storageApiVersion,
    metadata,
    ...content,
  };
  return { object, errors: resource.validate?.(object, old) ?? [] };
}
