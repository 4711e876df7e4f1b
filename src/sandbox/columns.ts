import { getOwn, isJsonObject, type Json, type KubeObject } from "./object.ts";
import type { Column } from "./resource.ts";

/** The first column of every table. */
export const nameColumn: Column = {
  name: "Name",
  type: "string",
  format: "name",
  description: "Name of the object, unique within its namespace and kind.",
  priority: 0,
  cell: ({ metadata }) => metadata.name,
};

/** The age of the object, as `kubectl get` shows it. */
export const ageColumn: Column = {
  name: "Age",
  type: "string",
  description: "Time since the object was created.",
  priority: 0,
  cell: ({ metadata }, nowMs) => formatAge(metadata.creationTimestamp, nowMs),
};

/** A text column of a built-in kind. */
export function textColumn(
  name: string,
  description: string,
  cell: (object: KubeObject, nowMs: number) => string,
  priority = 0,
): Column {
  return { name, type: "string", description, priority, cell };
}

/** The text at a path of field names, or "". */
export function textAt(object: KubeObject, ...path: readonly string[]): string {
  const value = valueAt(object, path);
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** The value at a path of field names, undefined where the path ends early. */
export function valueAt(object: Json | undefined, path: readonly string[]): Json | undefined {
  let value = object;
  for (const step of path) value = isJsonObject(value) ? getOwn(value, step) : undefined;
  return value;
}

/** How many fields an object has; 0 when there is none. */
export function countFields(value: Json | undefined): number {
  return isJsonObject(value) ? Object.keys(value).length : 0;
}

/** The time since `timestamp` in the words of kubectl: `42s`, `5m3s`, `3h20m`, `4d`. */
export function formatAge(timestamp: Json | undefined, nowMs: number): string {
  const startMs = typeof timestamp === "string" ? Date.parse(timestamp) : Number.NaN;
  if (Number.isNaN(startMs)) return "<unknown>";
  const seconds = Math.floor((nowMs - startMs) / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return twoUnits(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return twoUnits(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return twoUnits(days, "d", hours % 24, "h");
  if (days < 730) return `${days}d`;
  const years = Math.floor(days / 365);
  return years < 8 ? twoUnits(years, "y", days % 365, "d") : `${years}y`;
}

function twoUnits(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}
