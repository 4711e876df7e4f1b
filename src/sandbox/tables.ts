import type { JsonObject, KubeObject } from "./object.ts";
import type { Resource } from "./resource.ts";

/** The column definitions of a `meta.k8s.io` Table. */
export function tableColumns({ columns }: Resource): JsonObject[] {
  return columns.map(({ name, type, format, description, priority }) => ({
    name,
    type,
    format: format ?? "",
    description,
    priority,
  }));
}

/** One row; `part` is what of the object comes with it. */
export function tableRow(
  { columns }: Resource,
  object: KubeObject,
  nowMs: number,
  part: JsonObject | null,
): JsonObject {
  return { cells: columns.map((column) => column.cell(object, nowMs)), object: part };
}
