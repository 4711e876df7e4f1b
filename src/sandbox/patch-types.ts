import type { Json, JsonObject } from "./object.ts";
import { applyJsonPatch, applyMergePatch } from "./patch.ts";
import { mediaType, readBody } from "./request-body.ts";
import type { Resource } from "./resource.ts";
import { applyStrategicMerge } from "./strategic-merge.ts";
import { badRequest, unsupportedMediaType } from "./status-error.ts";
import type { WireRequest } from "./wire.ts";

/** Reads the patch of a request; the result applies it. Throws 415 for a kind of patch that the resource does not take. */
export function patchWith(resource: Resource, request: WireRequest): (current: JsonObject) => Json {
  const type = mediaType(request);
  const accepted = [
    "application/json-patch+json",
    "application/merge-patch+json",
    ...(resource.isCustom ? [] : ["application/strategic-merge-patch+json"]),
  ];
  if (type.startsWith("application/apply-patch")) {
    throw unsupportedMediaType(
      `the Keyweir sandbox has no server-side apply (${type}); use kubectl apply without --server-side, or one of: ${accepted.join(", ")}`,
    );
  }
  if (!accepted.includes(type)) {
    throw unsupportedMediaType(
      `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`,
    );
  }
  const patch = readBody(request);
  if (patch === undefined) throw badRequest("the patch is empty");
  switch (type) {
    case "application/json-patch+json":
      return (current) => applyJsonPatch(current, patch);
    case "application/merge-patch+json":
      return (current) => applyMergePatch(current, patch);
    default:
      return (current) => applyStrategicMerge(current, patch);
  }
}
