import type { Json, KubeObject } from "./object.ts";
import { getOwn, isJsonObject } from "./object.ts";
import { badRequest } from "./status-error.ts";

/** Whether an object is selected. `undefined` instead of a predicate selects everything. */
export type Selector = (object: KubeObject) => boolean;

type Term = (labels: Readonly<Record<string, string>>) => boolean;

const termPattern =
  /\s*(?:(!)\s*([^\s!=,()]+)|([^\s!=,()]+)\s+(in|notin)\s*\(([^()]*)\)|([^\s!=,()]+)\s*(==|=|!=|>|<)\s*([^\s!=,()]*)|([^\s!=,()]+))\s*(?:,|$)/y;

/** Parses `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1`. Throws 400 for what it cannot read. */
export function parseLabelSelector(text: string | null): Selector | undefined {
  if (text === null || text.trim() === "") return undefined;
  const terms: Term[] = [];
  termPattern.lastIndex = 0;
  while (termPattern.lastIndex < text.length) {
    const start = termPattern.lastIndex;
    const match = termPattern.exec(text);
    if (match === null) {
      throw badRequest(`unable to parse requirement: found ${JSON.stringify(text.slice(start, start + 40))}`);
    }
    terms.push(termOf(match));
  }
  const none = {};
  return ({ metadata }) => terms.every((term) => term(metadata.labels ?? none));
}

function termOf(match: RegExpExecArray): Term {
  const [, , absentKey, setKey, setOperator, setValues, key, operator, value, presentKey] = match;
  if (absentKey !== undefined) return (labels) => !Object.hasOwn(labels, absentKey);
  if (presentKey !== undefined) return (labels) => Object.hasOwn(labels, presentKey);
  if (setKey !== undefined) {
    const values = new Set((setValues ?? "").split(",").map((item) => item.trim()));
    const isIn = setOperator === "in";
    return (labels) => (Object.hasOwn(labels, setKey) && values.has(labels[setKey]!)) === isIn;
  }
  const wanted = value ?? "";
  const name = key ?? "";
  switch (operator) {
    case "!=":
      return (labels) => labels[name] !== wanted;
    case ">":
      return (labels) => Object.hasOwn(labels, name) && Number(labels[name]) > Number(wanted);
    case "<":
      return (labels) => Object.hasOwn(labels, name) && Number(labels[name]) < Number(wanted);
    default:
      return (labels) => Object.hasOwn(labels, name) && labels[name] === wanted;
  }
}

/** Field terms: the value that a field must have (or must not). */
export interface FieldTerm {
  readonly field: string;
  readonly value: string;
  readonly isEqual: boolean;
}

/** Parses `metadata.name=a,type!=b`. Throws 400 when a field is not in `selectable`. */
export function parseFieldSelector(text: string | null, selectable: readonly string[]): readonly FieldTerm[] {
  if (text === null || text.trim() === "") return [];
  return text.split(",").map((part) => {
    const match = /^\s*([^=!\s]+)\s*(==|=|!=)\s*(.*?)\s*$/.exec(part);
    if (match === null)
      throw badRequest(`invalid selector: ${JSON.stringify(part.slice(0, 80))}; can't understand it`);
    const [, field, operator, value] = match as unknown as [string, string, string, string];
    if (field !== "metadata.name" && field !== "metadata.namespace" && !selectable.includes(field)) {
      throw badRequest(`field label not supported: ${field}`);
    }
    return { field, value, isEqual: operator !== "!=" };
  });
}

/** One predicate of both selectors. */
export function combineSelectors(
  labels: Selector | undefined,
  fields: readonly FieldTerm[],
): Selector | undefined {
  if (fields.length === 0) return labels;
  const paths = fields.map((term) => ({ ...term, path: term.field.split(".") }));
  return (object) =>
    paths.every(({ path, value, isEqual }) => (textAt(object, path) === value) === isEqual) &&
    (labels === undefined || labels(object));
}

function textAt(object: KubeObject, path: readonly string[]): string {
  let value: Json | undefined = object;
  for (const step of path) value = isJsonObject(value) ? getOwn(value, step) : undefined;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : "";
}
