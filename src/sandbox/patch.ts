import type { Json, JsonObject } from "./object.ts";
import { getOwn, isEqual, isJsonObject, setOwn } from "./object.ts";
import { badRequest, StatusError } from "./status-error.ts";

/** RFC 7396. The result shares with `target` whatever the patch does not touch. */
export function applyMergePatch(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return patch;
  const base = isJsonObject(target) ? target : {};
  const result: Record<string, unknown> = { ...base };
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value === undefined) continue;
    if (value === null) delete result[key];
    else setOwn(result, key, applyMergePatch(getOwn(base, key), value));
  }
  return result as JsonObject;
}

/** The most operations a JSON patch may have, as in the real server. */
const operationLimit = 10_000;
/** Copies of copies double an object; together they may have this many characters. */
const copyLimitChars = 3 * 1024 * 1024;

/** RFC 6902. Throws 422 for an operation that does not fit the document, 400 for one that is none. */
export function applyJsonPatch(target: Json, patch: Json): Json {
  if (!Array.isArray(patch)) throw badRequest("a JSON patch is a list of operations");
  if (patch.length > operationLimit) {
    throw new StatusError(
      413,
      "RequestEntityTooLarge",
      `Request entity too large: The allowed maximum operations in a JSON patch is ${operationLimit}, got ${patch.length}`,
    );
  }
  let document = target;
  let copiedChars = 0;
  for (const [index, operation] of patch.entries()) {
    if (!isJsonObject(operation)) throw badRequest(`operation ${index} of the JSON patch is not an object`);
    if (operation["op"] === "copy") {
      const copied = present(document, pointerOf(operation, "from", index));
      copiedChars += JSON.stringify(copied).length;
      if (copiedChars > copyLimitChars) throw unprocessable("its copies are too large");
    }
    document = applyOperation(document, operation, index);
  }
  return document;
}

function applyOperation(document: Json, operation: JsonObject, index: number): Json {
  const path = pointerOf(operation, "path", index);
  const { op, value } = operation;
  switch (op) {
    case "add":
      return edit(document, path, { kind: "add", value: valueOf(value, index) });
    case "replace":
      return edit(document, path, { kind: "replace", value: valueOf(value, index) });
    case "remove":
      return edit(document, path, { kind: "remove" });
    case "test":
      if (!isEqual(read(document, path) ?? null, value ?? null)) {
        throw unprocessable(`testing value ${operation["path"] as string} failed: test failed`);
      }
      return document;
    case "copy":
      return edit(document, path, {
        kind: "add",
        value: present(document, pointerOf(operation, "from", index)),
      });
    case "move": {
      const from = pointerOf(operation, "from", index);
      const moved = present(document, from);
      return edit(edit(document, from, { kind: "remove" }), path, { kind: "add", value: moved });
    }
    default:
      throw unprocessable(`operation ${index} of the JSON patch has no known "op"`);
  }
}

type Edit = { kind: "add" | "replace"; value: Json } | { kind: "remove" };

function edit(node: Json | undefined, path: readonly string[], change: Edit): Json {
  const [step, ...rest] = path;
  if (step === undefined) {
    if (change.kind === "remove") throw unprocessable("the whole object cannot be removed");
    return change.value;
  }
  if (Array.isArray(node)) return editList(node, step, rest, change);
  if (!isJsonObject(node)) throw missing(step);
  const result: Record<string, unknown> = { ...node };
  if (rest.length > 0) setOwn(result, step, edit(getOwn(node, step), rest, change));
  else if (change.kind !== "remove") setOwn(result, step, change.value);
  else if (Object.hasOwn(node, step)) delete result[step];
  else throw missing(step);
  return result as JsonObject;
}

function editList(list: readonly Json[], step: string, rest: readonly string[], change: Edit): Json {
  const isInsert = rest.length === 0 && change.kind === "add";
  const position =
    step === "-" && isInsert ? list.length : /^(?:0|[1-9]\d{0,8})$/.test(step) ? Number(step) : -1;
  if (position < 0 || position > list.length || (!isInsert && position === list.length)) throw missing(step);
  if (rest.length > 0) return list.with(position, edit(list[position], rest, change));
  if (change.kind === "remove") return list.toSpliced(position, 1);
  if (change.kind === "add") return list.toSpliced(position, 0, change.value);
  return list.with(position, change.value);
}

function read(document: Json, path: readonly string[]): Json | undefined {
  let node: Json | undefined = document;
  for (const step of path) {
    if (Array.isArray(node)) node = node[Number(step)] as Json | undefined;
    else if (isJsonObject(node)) node = getOwn(node, step);
    else return undefined;
  }
  return node;
}

function present(document: Json, path: readonly string[]): Json {
  const value = read(document, path);
  if (value === undefined) throw missing(path.at(-1) ?? "");
  return value;
}

function pointerOf(operation: JsonObject, field: "path" | "from", index: number): string[] {
  const text = operation[field];
  if (typeof text !== "string" || (text !== "" && !text.startsWith("/"))) {
    throw badRequest(`operation ${index} of the JSON patch needs "${field}" as a JSON pointer`);
  }
  return text
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function valueOf(value: Json | undefined, index: number): Json {
  if (value === undefined) throw badRequest(`operation ${index} of the JSON patch needs "value"`);
  return value;
}

function missing(step: string): StatusError {
  return unprocessable(`the path has no ${JSON.stringify(step.slice(0, 80))}`);
}

function unprocessable(because: string): StatusError {
  return new StatusError(
    422,
    "Invalid",
    `the server rejected our request due to an error in our request: ${because}`,
    {},
  );
}
