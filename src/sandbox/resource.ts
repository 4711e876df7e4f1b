import type { JsonObject, KubeObject } from "./object.ts";
import type { Schema } from "./schema.ts";
import type { FieldError } from "./status-error.ts";

/** One served version of one kind: what routes, discovery, tables and validation need to know about it. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  /** `v1` or `group/version`, as it is served here. */
  readonly apiVersion: string;
  /** The version in which objects are kept. */
  readonly storageApiVersion: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly isNamespaced: boolean;
  readonly isCustom: boolean;
  /** Key of the collection that all served versions share: `group/plural`. */
  readonly storage: string;
  readonly verbs: readonly Verb[];
  readonly subresources: readonly Subresource[];
  readonly schema: Schema;
  readonly columns: readonly Column[];
  /** Fields that a field selector may name, beside metadata.name and metadata.namespace. */
  readonly selectableFields: readonly string[];
  /** Whether metadata.generation counts changes of what is not metadata and not status. */
  readonly hasGeneration: boolean;
  /** Whether a PUT must name the resourceVersion that it replaces. */
  readonly needsVersionForUpdate: boolean;
  /** A namespace, a Secret of a fixed type …: changes the object before it is checked. */
  prepare?(object: JsonObject, old: KubeObject | undefined, time: string): JsonObject;
  /** What the schema cannot say. */
  validate?(object: KubeObject, old: KubeObject | undefined): readonly FieldError[];
}

/** What discovery says can be done with a resource. */
export type Verb = "create" | "delete" | "deletecollection" | "get" | "list" | "patch" | "update" | "watch";

/** A part of a resource with an address of its own. */
export interface Subresource {
  readonly name: "status" | "token";
  readonly verbs: readonly Verb[];
}

/** A column of `kubectl get`. Priority 0 is always shown, 1 with `-o wide`. */
export interface Column {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "date";
  readonly format?: string;
  readonly description: string;
  readonly priority: number;
  cell(object: KubeObject, nowMs: number): string | number | boolean | null;
}

/** What can be done with every stored kind. */
export const allVerbs: readonly Verb[] = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
];

/** The status as a part of its own. */
export const statusSubresource: Subresource = { name: "status", verbs: ["get", "patch", "update"] };

/** {@link Resource.storage} of the two kinds that contain others. */
export const namespaceStorage = "/namespaces";
export const definitionStorage = "apiextensions.k8s.io/customresourcedefinitions";

/** Whether the status is written at an address of its own. */
export function hasStatus({ subresources }: Resource): boolean {
  return subresources.some(({ name }) => name === "status");
}
