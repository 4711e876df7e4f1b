import { getOwn, isEqual, isJsonObject, setOwn, type Json, type JsonObject } from "./object.ts";
import type { Schema } from "./schema.ts";

/**
 * A set of fields in the form of `FieldsV1`: `f:` names a field, `k:` an item by its keys, `v:` an item by its value. A
 * node without children, or with the child `.`, is itself a member.
 */
export type FieldSet = JsonObject;

/** Which fields differ between two states: set anew or changed, and gone. */
export interface FieldDifference {
  readonly changed: FieldSet | undefined;
  readonly removed: FieldSet | undefined;
}

const leaf: FieldSet = {};
const same: FieldDifference = { changed: undefined, removed: undefined };
const anything: Schema = {};

/** `isCustom`: objects with named fields count as members themselves, as in custom resources. */
export function compareFields(
  old: Json | undefined,
  next: Json | undefined,
  schema: Schema,
  isCustom: boolean,
): FieldDifference {
  if (old === next) return same;
  if (next === undefined) return { changed: undefined, removed: allFields(old, schema, isCustom) };
  if (old === undefined) return { changed: allFields(next, schema, isCustom), removed: undefined };
  const [oldItems, nextItems] = [itemsOf(old, schema), itemsOf(next, schema)];
  if (oldItems === undefined || nextItems === undefined)
    return isEqual(old, next) ? same : { changed: leaf, removed: undefined };
  const changed: Record<string, unknown> = {};
  const removed: Record<string, unknown> = {};
  for (const [step, item] of nextItems) {
    const before = oldItems.get(step)?.value;
    const difference = compareFields(before, item.value, item.schema, isCustom);
    if (difference.changed !== undefined) setOwn(changed, step, difference.changed);
    if (difference.removed !== undefined) setOwn(removed, step, difference.removed);
  }
  for (const [step, item] of oldItems) {
    const isGone = !nextItems.has(step);
    const fields = isGone ? allFields(item.value, item.schema, isCustom) : undefined;
    if (fields !== undefined) setOwn(removed, step, fields);
  }
  return { changed: filled(changed), removed: filled(removed) };
}

function filled(set: Record<string, unknown>): FieldSet | undefined {
  for (const _key in set) return set as FieldSet;
  return undefined;
}

function allFields(value: Json | undefined, schema: Schema, isCustom: boolean): FieldSet | undefined {
  if (value === undefined) return undefined;
  const items = itemsOf(value, schema);
  if (items === undefined) return leaf;
  const set: Record<string, unknown> = {};
  for (const [step, item] of items) {
    const fields = allFields(item.value, item.schema, isCustom);
    if (fields !== undefined) setOwn(set, step, fields);
  }
  const isIn = isCustom || schema.properties === undefined;
  return isIn ? withMembership(set, true) : filled(set);
}

interface Item {
  readonly value: Json | undefined;
  readonly schema: Schema;
}

/** The parts of a value that have owners of their own; undefined when it is owned as a whole. */
function itemsOf(value: Json, schema: Schema): Map<string, Item> | undefined {
  const items = new Map<string, Item>();
  if (Array.isArray(value)) {
    const listType = schema["x-kubernetes-list-type"];
    const keys = schema["x-kubernetes-list-map-keys"];
    if (listType === "set") {
      for (const item of value)
        items.set(`v:${JSON.stringify(item)}`, { value: item as Json, schema: atomic });
      return items;
    }
    if (listType !== "map" || keys === undefined) return undefined;
    for (const item of value) {
      if (!isJsonObject(item)) return undefined;
      const identity = Object.fromEntries(keys.map((key) => [key, getOwn(item, key)]));
      items.set(`k:${JSON.stringify(identity)}`, { value: item, schema: schema.items ?? anything });
    }
    return items;
  }
  if (!isJsonObject(value) || schema["x-kubernetes-map-type"] === "atomic") return undefined;
  const { properties, additionalProperties } = schema;
  for (const key of Object.keys(value)) {
    const known = properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined;
    const other = typeof additionalProperties === "object" ? additionalProperties : anything;
    items.set(`f:${key}`, { value: value[key], schema: known ?? other });
  }
  return items;
}

const atomic: Schema = { "x-kubernetes-map-type": "atomic" };

function isMember(set: FieldSet): boolean {
  for (const key in set) return Object.hasOwn(set, ".") || key === ".";
  return true;
}

/** All fields of both. */
export function uniteFields(left: FieldSet | undefined, right: FieldSet | undefined): FieldSet | undefined {
  if (left === undefined || left === right) return right;
  if (right === undefined) return left;
  const result: Record<string, unknown> = { ...left };
  for (const key of Object.keys(right)) {
    setOwn(result, key, uniteFields(getOwn(left, key) as FieldSet | undefined, right[key] as FieldSet));
  }
  return withMembership(result, isMember(left) || isMember(right));
}

/** The fields of `left` that are not in `right`; undefined when none is left. */
export function subtractFields(
  left: FieldSet | undefined,
  right: FieldSet | undefined,
): FieldSet | undefined {
  if (left === undefined || right === undefined) return left;
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(left)) {
    if (key === ".") continue;
    const rest = subtractFields(left[key] as FieldSet, getOwn(right, key) as FieldSet | undefined);
    if (rest !== undefined) setOwn(result, key, rest);
  }
  const isKept = isMember(left) && !isMember(right);
  if (!isKept && filled(result) === undefined) return undefined;
  return withMembership(result, isKept);
}

function withMembership(set: Record<string, unknown>, isIn: boolean): FieldSet {
  delete set["."];
  if (!isIn || filled(set) === undefined) return set as FieldSet;
  return { ".": leaf, ...(set as FieldSet) };
}
