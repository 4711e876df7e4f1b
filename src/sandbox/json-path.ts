import { getOwn, isJsonObject, type Json } from "./object.ts";

/**
 * The first value at a JSON path as printer columns use it: `.spec.name`, `.status.conditions[?(@.type=="Ready")].status`,
 * `.metadata.annotations.example\.com/key`, `.spec.items[0]`, `['key']`. Anything else finds nothing.
 */
export function printPath(object: Json, path: string): Json | undefined {
  const steps = parsePath(path);
  let values: (Json | undefined)[] = steps === undefined ? [] : [object];
  for (const step of steps ?? []) values = values.flatMap(step).filter((value) => value !== undefined);
  return values[0];
}

type Step = (value: Json | undefined) => (Json | undefined)[];

const stepPattern =
  /\.((?:\\.|[^.[\\])+)|\[(\d+)\]|\[\*\]|\['([^']*)'\]|\[\?\(@\.([\w.-]+)\s*==\s*(?:"([^"]*)"|'([^']*)')\)\]/y;

function parsePath(path: string): Step[] | undefined {
  const steps: Step[] = [];
  stepPattern.lastIndex = 0;
  while (stepPattern.lastIndex < path.length) {
    const match = stepPattern.exec(path);
    if (match === null) return undefined;
    const [whole, field, index, quoted, filterField, doubleQuoted, singleQuoted] = match;
    if (whole === "[*]") steps.push((value) => (Array.isArray(value) ? value : []));
    else if (index !== undefined) steps.push((value) => (Array.isArray(value) ? [value[Number(index)]] : []));
    else if (filterField !== undefined) {
      const fields = filterField.split(".");
      const wanted = doubleQuoted ?? singleQuoted;
      steps.push((value) =>
        Array.isArray(value) ? value.filter((item) => fieldAt(item, fields) === wanted) : [],
      );
    } else {
      const name = quoted ?? (field ?? "").replace(/\\(.)/g, "$1");
      steps.push((value) => (isJsonObject(value) ? [getOwn(value, name)] : []));
    }
  }
  return steps;
}

function fieldAt(value: Json | undefined, fields: readonly string[]): Json | undefined {
  return fields.reduce<Json | undefined>(
    (item, field) => (isJsonObject(item) ? getOwn(item, field) : undefined),
    value,
  );
}
