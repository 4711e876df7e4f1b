import { isJsonObject, type Json } from "./object.ts";
import type { DeleteOptions, WriteOptions } from "./operations.ts";
import type { Route } from "./routes.ts";
import { badRequest, invalid, type StatusError } from "./status-error.ts";
import type { WireRequest } from "./wire.ts";

/** Reads the parameters of a create, update or patch. */
export function writeOptions(
  route: Route,
  request: WireRequest,
  query: URLSearchParams,
  warnings: string[],
): WriteOptions {
  const kind =
    route.verb === "create" ? "CreateOptions" : route.verb === "update" ? "UpdateOptions" : "PatchOptions";
  const fieldValidation = query.get("fieldValidation") || "Warn";
  if (fieldValidation !== "Ignore" && fieldValidation !== "Warn" && fieldValidation !== "Strict") {
    throw unsupported(kind, "fieldValidation", fieldValidation, '"", "Ignore", "Strict", "Warn"');
  }
  const agent = request.header("user-agent") ?? "unknown";
  const manager =
    query.get("fieldManager") ?? agent.slice(0, Math.max(0, agent.indexOf("/")) || agent.length);
  return {
    writer: { manager: manager.slice(0, 128), subresource: route.subresource },
    isDryRun: isDryRun(kind, query.getAll("dryRun")),
    fieldValidation,
    isPatch: route.verb === "patch",
    warn: (text) => void warnings.push(text),
  };
}

function isDryRun(kind: string, values: readonly Json[]): boolean {
  if (values.some((value) => value !== "All")) throw unsupported(kind, "dryRun", values, '"All"');
  return values.length > 0;
}

function unsupported(kind: string, field: string, value: Json, supported: string): StatusError {
  const detail = `Unsupported value: ${JSON.stringify(value).slice(0, 200)}: supported values: ${supported}`;
  return invalid({ group: "meta.k8s.io", kind }, "", [{ reason: "FieldValueNotSupported", field, detail }]);
}

/** Reads the body and the parameters of a DELETE. */
export function deleteOptions(body: unknown, query: URLSearchParams): DeleteOptions {
  const options = body ?? {};
  if (!isJsonObject(options)) throw badRequest("the body of a DELETE must be DeleteOptions");
  const preconditions = isJsonObject(options["preconditions"]) ? options["preconditions"] : {};
  const { uid, resourceVersion } = preconditions;
  const bodyDryRun: readonly Json[] = Array.isArray(options["dryRun"]) ? options["dryRun"] : [];
  const propagation = options["propagationPolicy"] ?? query.get("propagationPolicy") ?? "Background";
  if (propagation !== "Background" && propagation !== "Foreground" && propagation !== "Orphan") {
    const supported = '"Foreground", "Background", "Orphan", "nil"';
    throw unsupported("DeleteOptions", "propagationPolicy", propagation, supported);
  }
  return {
    isDryRun: isDryRun("DeleteOptions", [...bodyDryRun, ...query.getAll("dryRun")]),
    ...(typeof uid === "string" ? { uid } : {}),
    ...(typeof resourceVersion === "string" ? { resourceVersion } : {}),
    propagation: options["orphanDependents"] === true ? "Orphan" : propagation,
  };
}

/** Refuses parameters of a watch that contradict each other. */
export function checkWatchParameters(query: URLSearchParams): void {
  const match = query.get("resourceVersionMatch");
  const hasInitial = query.has("sendInitialEvents");
  const refuse = (field: string, detail: string): never => {
    throw invalid({ group: "meta.k8s.io", kind: "ListOptions" }, "", [
      { reason: "FieldValueForbidden", field, detail: `Forbidden: ${detail}` },
    ]);
  };
  if (match !== null && !hasInitial) {
    refuse(
      "resourceVersionMatch",
      "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
    );
  }
  if (hasInitial && match !== "NotOlderThan") {
    refuse("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  }
}
