import type { Registry } from "./registry.ts";
import type { Resource, Subresource } from "./resource.ts";
import { methodNotAllowed, notFound, PageNotFoundError, resourceNotFound } from "./status-error.ts";

/** What a request wants from which object or collection. */
export interface Route {
  readonly verb: "create" | "delete" | "deletecollection" | "get" | "list" | "patch" | "update" | "watch";
  readonly resource: Resource;
  readonly namespace: string | undefined;
  /** Of the object; absent for a collection. */
  readonly name: string | undefined;
  readonly subresource: Subresource["name"] | undefined;
}

/**
 * Reads `/api/v1/…` and `/apis/group/version/…`. Returns undefined for a path that is no resource's (discovery, health,
 * documents); throws 404 for a resource that is not served and 405 for a method that it has not.
 */
export function parseRoute(
  method: string,
  path: string,
  query: URLSearchParams,
  registry: Registry,
): Route | undefined {
  const steps = path.split("/");
  const isCore = steps[1] === "api";
  const start = isCore ? 3 : 4;
  if ((!isCore && steps[1] !== "apis") || steps.length <= start) return undefined;
  const [group, version] = isCore ? ["", steps[2]!] : [steps[2]!, steps[3]!];
  const rest = steps.slice(start).map(decodeStep);
  const isInNamespace = rest[0] === "namespaces" && rest.length > 2 && !isNamespacePart(rest);
  const namespace = isInNamespace ? rest[1] : undefined;
  const [plural, name, subresourceName, ...surplus] = isInNamespace ? rest.slice(2) : rest;
  const resource = registry.find(group, version, plural ?? "");
  const unknown = () => (registry.hasBuiltIn(group) ? resourceNotFound() : new PageNotFoundError());
  if (resource === undefined || surplus.length > 0 || name === "") throw unknown();
  if (resource.isNamespaced !== isInNamespace && (isInNamespace || name !== undefined)) throw unknown();
  const subresource = resource.subresources.find((item) => item.name === subresourceName);
  if (subresourceName !== undefined && subresource === undefined) {
    throw resource.isCustom ? notFound(resource, name ?? "") : resourceNotFound();
  }
  const verb = verbOf(method, name, query);
  const verbs = subresource?.verbs ?? resource.verbs;
  if (verb === undefined || !verbs.includes(verb)) throw methodNotAllowed();
  if (verb === "create" && name !== undefined && subresource === undefined) throw methodNotAllowed();
  const isAcrossNamespaces = resource.isNamespaced && !isInNamespace;
  if (isAcrossNamespaces && verb !== "list" && verb !== "watch") throw methodNotAllowed();
  return { verb, resource, namespace, name, subresource: subresource?.name };
}

/** `/api/v1/namespaces/x/status` is about the namespace, not in it. */
function isNamespacePart(rest: readonly string[]): boolean {
  return rest.length === 3 && rest[2] === "status";
}

function verbOf(method: string, name: string | undefined, query: URLSearchParams): Route["verb"] | undefined {
  switch (method) {
    case "GET":
    case "HEAD":
      if (name !== undefined) return "get";
      return isTrue(query.get("watch")) ? "watch" : "list";
    case "POST":
      return "create";
    case "PUT":
      return name === undefined ? undefined : "update";
    case "PATCH":
      return name === undefined ? undefined : "patch";
    case "DELETE":
      return name === undefined ? "deletecollection" : "delete";
    default:
      return undefined;
  }
}

/** Whether a query parameter is set: `true`, `1`, or present without a value. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== "false" && value !== "0";
}

function decodeStep(step: string): string {
  try {
    return step.includes("%") ? decodeURIComponent(step) : step;
  } catch {
    throw new PageNotFoundError();
  }
}
