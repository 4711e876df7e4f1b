import { expect, test } from "vitest";
import type { Json } from "./object.ts";
import { applyStrategicMerge } from "./strategic-merge.ts";

const owners = (...uids: string[]) => ({
  metadata: { ownerReferences: uids.map((uid) => ({ uid, name: uid })) },
});

test.each<[string, Json, Json, Json]>([
  ["maps merge", { data: { a: "1" } }, { data: { b: "2" } }, { data: { a: "1", b: "2" } }],
  ["null removes", { data: { a: "1" } }, { data: { a: null } }, { data: {} }],
  ["owners merge by uid", owners("a"), owners("b"), owners("a", "b")],
  [
    "an owner's fields merge",
    owners("a"),
    { metadata: { ownerReferences: [{ uid: "a", controller: true }] } },
    { metadata: { ownerReferences: [{ uid: "a", name: "a", controller: true }] } },
  ],
  [
    "an owner is deleted by its uid",
    owners("a", "b"),
    { metadata: { ownerReferences: [{ uid: "a", $patch: "delete" }] } },
    owners("b"),
  ],
  [
    "a list is replaced when it says so",
    owners("a", "b"),
    { metadata: { ownerReferences: [{ uid: "c" }, { $patch: "replace" }] } },
    { metadata: { ownerReferences: [{ uid: "c" }] } },
  ],
  [
    "finalizers are a set",
    { metadata: { finalizers: ["a"] } },
    { metadata: { finalizers: ["a", "b"] } },
    { metadata: { finalizers: ["a", "b"] } },
  ],
  [
    "finalizers are taken off and ordered",
    { metadata: { finalizers: ["a", "b", "c"] } },
    { metadata: { "$deleteFromPrimitiveList/finalizers": ["b"], "$setElementOrder/finalizers": ["c", "a"] } },
    { metadata: { finalizers: ["c", "a"] } },
  ],
  ["other lists are replaced", { list: [1, 2] }, { list: [3] }, { list: [3] }],
  [
    "a map is replaced when it says so",
    { data: { a: "1" } },
    { data: { $patch: "replace", b: "2" } },
    { data: { b: "2" } },
  ],
  [
    "only the retained keys stay",
    { spec: { a: 1, b: 2 } },
    { spec: { $retainKeys: ["b"] } },
    { spec: { b: 2 } },
  ],
  ["directives are never stored", {}, { new: { $patch: "merge", x: null, y: 1 } }, { new: { y: 1 } }],
])("%s", (_name, current, patch, result) => {
  expect(applyStrategicMerge(current, patch)).toEqual(result);
});

test("what it cannot merge is refused", () => {
  expect(() => applyStrategicMerge({}, { $patch: "explode" })).toThrow("Unknown patch type");
  expect(() => applyStrategicMerge({}, { secrets: [{}] })).toThrow('merge key "name"');
  expect(() => applyStrategicMerge({}, [])).toThrow("is an object");
});
