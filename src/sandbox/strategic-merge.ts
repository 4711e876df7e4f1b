import { getOwn, isEqual, isJsonObject, setOwn, type Json, type JsonObject } from "./object.ts";
import { badRequest } from "./status-error.ts";

/** How a list of a built-in kind is merged: by a key of its objects, as a set of values, or not at all (replaced). */
type ListStrategy = { readonly kind: "map"; readonly key: string } | { readonly kind: "set" };

/** By field name, which is enough for the kinds that the sandbox has. */
const listStrategies: Readonly<Record<string, ListStrategy>> = {
  "metadata.ownerReferences": { kind: "map", key: "uid" },
  "metadata.finalizers": { kind: "set" },
  secrets: { kind: "map", key: "name" },
  "status.conditions": { kind: "map", key: "type" },
};

/** Applies a strategic merge patch to an object of a built-in kind, with the directives that kubectl writes. */
export function applyStrategicMerge(current: Json, patch: Json): Json {
  if (!isJsonObject(patch)) throw badRequest("a strategic merge patch is an object");
  return mergeObject(isJsonObject(current) ? current : {}, patch, "");
}

function mergeObject(current: JsonObject, patch: JsonObject, path: string): JsonObject {
  const directive = patch["$patch"];
  if (directive === "replace") return withoutDirectives(patch);
  if (directive === "delete") return {};
  if (directive !== undefined && directive !== "merge") {
    throw badRequest(`Unknown patch type: ${JSON.stringify(directive)}`);
  }
  const retained = patch["$retainKeys"];
  const result: Record<string, unknown> = Array.isArray(retained)
    ? pickKeys(current, retained)
    : { ...current };
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value === undefined || isDirective(key)) continue;
    if (value === null) delete result[key];
    else setOwn(result, key, mergeValue(getOwn(current, key), value, fieldPath(path, key)));
  }
  for (const key of Object.keys(patch)) {
    if (key.startsWith("$deleteFromPrimitiveList/")) removeFromList(result, key, patch[key] ?? null);
    if (key.startsWith("$setElementOrder/")) orderList(result, key, patch[key] ?? null, path);
  }
  return result as JsonObject;
}

function mergeValue(current: Json | undefined, value: Json, path: string): Json {
  if (isJsonObject(value)) return mergeObject(isJsonObject(current) ? current : {}, value, path);
  const strategy = Object.hasOwn(listStrategies, path) ? listStrategies[path] : undefined;
  if (!Array.isArray(value) || strategy === undefined) return value;
  const list = Array.isArray(current) ? (current as readonly Json[]) : [];
  if (strategy.kind === "set")
    return [...list, ...value.filter((item) => !list.includes(item as Json))] as Json[];
  return mergeList(list, value as readonly Json[], strategy.key, path);
}

function mergeList(list: readonly Json[], patch: readonly Json[], key: string, path: string): Json[] {
  if (patch.some((item) => isJsonObject(item) && item["$patch"] === "replace")) {
    return patch
      .filter((item) => isJsonObject(item) && item["$patch"] !== "replace")
      .map((item) => withoutDirectives(item as JsonObject));
  }
  const result = [...list];
  for (const item of patch) {
    const identity = isJsonObject(item) ? item[key] : undefined;
    if (!isJsonObject(item) || identity === undefined) {
      throw badRequest(`${path}: every item of the patch needs its merge key "${key}"`);
    }
    const index = result.findIndex(
      (candidate) => isJsonObject(candidate) && isEqual(candidate[key], identity),
    );
    if (item["$patch"] === "delete") {
      if (index >= 0) result.splice(index, 1);
    } else if (index >= 0) result[index] = mergeObject(result[index] as JsonObject, item, path);
    else result.push(withoutDirectives(item));
  }
  return result;
}

function removeFromList(result: Record<string, unknown>, directive: string, values: Json): void {
  const key = directive.slice(directive.indexOf("/") + 1);
  const list = result[key];
  if (Array.isArray(list) && Array.isArray(values))
    setOwn(
      result,
      key,
      list.filter((item) => !values.includes(item as Json)),
    );
}

/** Listed items first, in the order of the directive; the others keep their places behind them. */
function orderList(result: Record<string, unknown>, directive: string, order: Json, path: string): void {
  const key = directive.slice(directive.indexOf("/") + 1);
  const list = result[key];
  if (!Array.isArray(list) || !Array.isArray(order)) return;
  const listPath = fieldPath(path, key);
  const strategy = Object.hasOwn(listStrategies, listPath) ? listStrategies[listPath] : undefined;
  const identityOf = (item: Json) =>
    strategy?.kind === "map" && isJsonObject(item) ? item[strategy.key] : item;
  const rankOf = (item: Json) => {
    const index = order.findIndex((wanted) => isEqual(identityOf(wanted as Json), identityOf(item)));
    return index < 0 ? order.length : index;
  };
  setOwn(
    result,
    key,
    list.toSorted((left, right) => rankOf(left as Json) - rankOf(right as Json)),
  );
}

function isDirective(key: string): boolean {
  return (
    key === "$patch" ||
    key === "$retainKeys" ||
    key.startsWith("$setElementOrder/") ||
    key.startsWith("$deleteFromPrimitiveList/")
  );
}

function withoutDirectives(patch: JsonObject): JsonObject {
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value === undefined || value === null || isDirective(key)) continue;
    setOwn(result, key, isJsonObject(value) ? withoutDirectives(value) : value);
  }
  return result as JsonObject;
}

function pickKeys(object: JsonObject, keys: readonly unknown[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([key]) => keys.includes(key)));
}

function fieldPath(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}
