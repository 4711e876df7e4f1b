import type { JsonObject, KubeObject } from "./object.ts";

/** Who writes. */
export interface Writer {
  readonly manager: string;
  readonly subresource: string | undefined;
}

/**
 * The record of who changed an object last: one entry a manager, operation and subresource. Its field sets stay empty,
 * because nothing here decides by them (no server-side apply).
 */
export function recordManager(
  entries: readonly JsonObject[],
  writer: Writer,
  apiVersion: KubeObject["apiVersion"],
  time: string,
): readonly JsonObject[] {
  const mine: JsonObject = {
    manager: writer.manager,
    operation: "Update",
    apiVersion,
    time,
    fieldsType: "FieldsV1",
    fieldsV1: {},
    ...(writer.subresource === undefined ? {} : { subresource: writer.subresource }),
  };
  const others = entries.filter(
    (entry) =>
      entry["manager"] !== writer.manager ||
      entry["operation"] !== "Update" ||
      entry["apiVersion"] !== apiVersion ||
      entry["subresource"] !== writer.subresource,
  );
  return [...others, mine];
}
