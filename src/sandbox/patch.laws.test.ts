import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json, JsonObject } from "./object.ts";
import { applyJsonPatch, applyMergePatch } from "./patch.ts";
import { StatusError } from "./status-error.ts";

const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;

/** Examples of RFC 7396, appendix A. */
test.each<[Json, Json, Json]>([
  [{ a: "b" }, { a: "c" }, { a: "c" }],
  [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
  [{ a: "b" }, { a: null }, {}],
  [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
  [{ a: ["b"] }, { a: "c" }, { a: "c" }],
  [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
  [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  [
    ["a", "b"],
    ["c", "d"],
    ["c", "d"],
  ],
  [{ a: "b" }, ["c"], ["c"]],
  [{ a: "foo" }, null, null],
  [{ a: "foo" }, "bar", "bar"],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: "b", c: null }, { a: "b" }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
])("merge patch: %j with %j is %j", (target, patch, result) => {
  expect(applyMergePatch(target, patch)).toEqual(result);
});

test("a merge patch applied twice is applied once, and changes nothing that it was given", () => {
  fc.assert(
    fc.property(json, json, (target, patch) => {
      const before = JSON.stringify([target, patch]);
      const once = applyMergePatch(target, patch);
      expect(applyMergePatch(once, patch)).toEqual(once);
      expect(JSON.stringify([target, patch])).toBe(before);
    }),
  );
});

test("a merge patch keeps what it does not name, by identity", () => {
  const kept = { deep: [1] };
  const patched = applyMergePatch(
    { kept, gone: 1 },
    { gone: null, ["__proto__"]: { polluted: true } },
  ) as JsonObject;
  expect(patched["kept"]).toBe(kept);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

/** Examples of RFC 6902, appendix A. */
test.each<[Json, Json, Json]>([
  [{ foo: "bar" }, [{ op: "add", path: "/baz", value: "qux" }], { foo: "bar", baz: "qux" }],
  [{ foo: ["bar", "baz"] }, [{ op: "add", path: "/foo/1", value: "qux" }], { foo: ["bar", "qux", "baz"] }],
  [{ baz: "qux", foo: "bar" }, [{ op: "remove", path: "/baz" }], { foo: "bar" }],
  [{ foo: ["bar", "qux", "baz"] }, [{ op: "remove", path: "/foo/1" }], { foo: ["bar", "baz"] }],
  [{ baz: "qux", foo: "bar" }, [{ op: "replace", path: "/baz", value: "boo" }], { baz: "boo", foo: "bar" }],
  [
    { foo: { bar: "baz" }, qux: {} },
    [{ op: "move", from: "/foo/bar", path: "/qux/thud" }],
    { foo: {}, qux: { thud: "baz" } },
  ],
  [{ foo: ["a", "b", "c"] }, [{ op: "move", from: "/foo/0", path: "/foo/2" }], { foo: ["b", "c", "a"] }],
  [
    { foo: "bar" },
    [{ op: "add", path: "/child", value: { grandchild: {} } }],
    { foo: "bar", child: { grandchild: {} } },
  ],
  [{ "/": 9, "~1": 10 }, [{ op: "test", path: "/~01", value: 10 }], { "/": 9, "~1": 10 }],
  [{ foo: ["bar"] }, [{ op: "add", path: "/foo/-", value: ["abc"] }], { foo: ["bar", ["abc"]] }],
  [{ foo: 1 }, [{ op: "copy", from: "/foo", path: "/bar" }], { foo: 1, bar: 1 }],
])("JSON patch: %j with %j is %j", (target, patch, result) => {
  expect(applyJsonPatch(target, patch)).toEqual(result);
});

test.each<Json>([
  [{ op: "remove", path: "/none" }],
  [{ op: "test", path: "/a", value: 2 }],
  [{ op: "add", path: "/none/deep", value: 1 }],
  [{ op: "add", path: "/list/9", value: 1 }],
  [{ op: "replace", path: "/list/x", value: 1 }],
  [{ op: "copy", from: "/none", path: "/b" }],
  [{ op: "remove", path: "" }],
  [{ op: "add", path: "no-pointer", value: 1 }],
  [{ op: "add", path: "/b" }],
  [{ op: "fly", path: "/b" }],
  [5],
  { op: "add" },
])("the JSON patch %j is refused", (patch) => {
  expect(() => applyJsonPatch({ a: 1, list: [1] }, patch)).toThrow(StatusError);
});

test("copies of copies do not explode", () => {
  const copies = Array.from({ length: 40 }, (_, index) => ({ op: "copy", from: "", path: `/c${index}` }));
  expect(() => applyJsonPatch({ a: "x".repeat(100) }, copies)).toThrow("copies are too large");
});

test("a random JSON patch either applies or is refused, and never changes its target", () => {
  const pointer = fc.constantFrom(
    "",
    "/a",
    "/a/0",
    "/a/-",
    "/b",
    "/b/c",
    "/__proto__",
    "/constructor/x",
    "/length",
  );
  const operation = fc.record({
    op: fc.constantFrom("add", "remove", "replace", "move", "copy", "test"),
    path: pointer,
    from: pointer,
    value: json,
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 6 }), (operations) => {
      const target = { a: [1, { x: 2 }], b: { c: 3 } };
      expect(outcome(() => applyJsonPatch(target, operations))).toMatch(/^(?:done|StatusError)$/);
      expect(target).toEqual({ a: [1, { x: 2 }], b: { c: 3 } });
    }),
  );
});

function outcome(action: () => unknown): string {
  try {
    action();
    return "done";
  } catch (error) {
    return error instanceof StatusError ? "StatusError" : String(error);
  }
}
