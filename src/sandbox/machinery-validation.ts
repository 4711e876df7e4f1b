import { textAt, valueAt } from "./columns.ts";
import { invalidField } from "./metadata.ts";
import type { KubeObject } from "./object.ts";
import type { FieldError } from "./status-error.ts";

/** A duration is positive, a count of transitions not negative. */
export function validateLease(lease: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  const duration = valueAt(lease, ["spec", "leaseDurationSeconds"]);
  if (typeof duration === "number" && duration <= 0) {
    errors.push(invalidField("spec.leaseDurationSeconds", duration, "must be greater than 0"));
  }
  const transitions = valueAt(lease, ["spec", "leaseTransitions"]);
  if (typeof transitions === "number" && transitions < 0) {
    errors.push(invalidField("spec.leaseTransitions", transitions, "must be greater than or equal to 0"));
  }
  return errors;
}

/** An event lives in the namespace of its object, about an object without one in `default`. */
export function validateEvent(event: KubeObject): FieldError[] {
  const namespace = event.metadata.namespace ?? "";
  const involved = textAt(event, "involvedObject", "namespace");
  if (involved === namespace || (involved === "" && namespace === "default")) return [];
  return [invalidField("involvedObject.namespace", involved, "does not match event.namespace")];
}
