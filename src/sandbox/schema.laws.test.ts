import fc from "fast-check";
import { expect, test } from "vitest";
import { normalize } from "./normalize.ts";
import type { Json, JsonObject } from "./object.ts";
import type { Schema } from "./schema.ts";
import { validate } from "./validate.ts";

const schema: Schema = {
  type: "object",
  required: ["name"],
  properties: {
    name: { type: "string", minLength: 2, maxLength: 5, pattern: "^[a-z]+$" },
    size: { type: "integer", minimum: 0, maximum: 10, default: 3 },
    ratio: { type: "number", minimum: 0, exclusiveMinimum: true, multipleOf: 0.5 },
    mode: { type: "string", enum: ["fast", "slow"] },
    port: { "x-kubernetes-int-or-string": true },
    note: { type: "string", nullable: true, default: "none" },
    at: { type: "string", format: "date-time" },
    free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    tags: { type: "object", additionalProperties: { type: "string" }, maxProperties: 2 },
    nested: { type: "object", default: {}, properties: { deep: { type: "boolean", default: true } } },
    items: {
      type: "array",
      maxItems: 2,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["key"],
      items: { type: "object", properties: { key: { type: "string" } } },
    },
    either: { oneOf: [{ type: "string" }, { type: "integer" }] },
  },
};

const problems = (value: JsonObject) =>
  validate(
    normalize(value, schema, () => {}),
    schema,
    "",
  ).map(({ field, detail }) => `${field}: ${detail}`);

test.each<[JsonObject, string[]]>([
  [{ name: "ab" }, []],
  [{}, ["name: Required value"]],
  [{ name: "a" }, ['name: Invalid value: "a": name in body should be at least 2 chars long']],
  [{ name: "abcdef" }, ["name: Too long: may not be more than 5 bytes"]],
  [{ name: "AB" }, ["name: Invalid value: \"AB\": name in body should match '^[a-z]+$'"]],
  [{ name: 5 }, ['name: Invalid value: "integer": name in body must be of type string: "integer"']],
  [{ name: "ab", size: 11 }, ["size: Invalid value: 11: size in body should be less than or equal to 10"]],
  [
    { name: "ab", size: 1.5 },
    ['size: Invalid value: "number": size in body must be of type integer: "number"'],
  ],
  [{ name: "ab", ratio: 0 }, ["ratio: Invalid value: 0: ratio in body should be greater than 0"]],
  [{ name: "ab", ratio: 0.7 }, ["ratio: Invalid value: 0.7: ratio in body should be a multiple of 0.5"]],
  [{ name: "ab", mode: "x" }, ['mode: Unsupported value: "x": supported values: "fast", "slow"']],
  [
    { name: "ab", port: true },
    ['port: Invalid value: "boolean": port in body must be of type integer,string: "boolean"'],
  ],
  [{ name: "ab", note: null, port: "x" }, []],
  [
    { name: "ab", at: "2026-01-01" },
    ['at: Invalid value: "2026-01-01": at in body must be of type date-time: "2026-01-01"'],
  ],
  [{ name: "ab", at: "2026-01-01T00:00:00.5+01:00" }, []],
  [
    { name: "ab", tags: { a: "1", b: 2 } },
    ['tags.b: Invalid value: "integer": tags.b in body must be of type string: "integer"'],
  ],
  [{ name: "ab", tags: { a: "", b: "", c: "" } }, ["tags: Too many: 3: must have at most 2 items"]],
  [{ name: "ab", items: [{ key: "a" }, { key: "a" }] }, ['items[1]: Duplicate value: {"key":"a"}']],
  [
    { name: "ab", items: [{}, {}, {}] },
    ["items: Too many: 3: must have at most 2 items", "items[1]: Duplicate value: {}"],
  ],
  [
    { name: "ab", either: true },
    ['either: Invalid value: "": "either" must validate one and only one schema (oneOf)'],
  ],
])("%j has the problems %j", (value, expected) => {
  expect(problems(value)).toEqual(expected);
});

test("unknown fields go and are named, defaults come, also into what a default made", () => {
  const unknown: string[] = [];
  const result = normalize(
    { name: "ab", extra: 1, free: { any: { thing: null } }, size: null, items: [{ key: "a", other: 1 }] },
    schema,
    (path) => void unknown.push(path),
  );
  expect(result).toEqual({
    name: "ab",
    free: { any: { thing: null } },
    size: 3,
    note: "none",
    nested: { deep: true },
    items: [{ key: "a" }],
  });
  expect(unknown).toEqual(["extra", "items[0].other"]);
});

test("what is normal already stays the same object", () => {
  const normal = normalize({ name: "ab", items: [{ key: "a" }] }, schema, () => {});
  expect(normalize(normal, schema, () => {})).toBe(normal);
});

test("what was there before passes, what changes is checked", () => {
  const old = { name: "NOT VALID", nested: { deep: true } };
  const fields = (value: JsonObject) => validate(value, schema, "", old).map(({ field }) => field);
  expect(fields({ ...old, size: 11 })).toEqual(["size"]);
  expect(fields({ ...old, name: "NOT VALID EITHER" })).toEqual(["name"]);
  expect(fields({ ...old, nested: { deep: "x" } })).toEqual(["nested.deep"]);
});

test("rules over the keys of a map are checked, and not tried on what is broken otherwise", () => {
  const ruled: Schema = {
    type: "object",
    properties: {
      size: { type: "integer" },
      labels: {
        type: "object",
        additionalProperties: { type: "string" },
        "x-kubernetes-validations": [
          { rule: "self.all(k, k.size() <= 4 && self[k].size() < 3)", message: "too long" },
          { rule: "self.all(k, !k.startsWith('own'))", message: "reserved" },
          { rule: "self == oldSelf || something(else)", message: "not understood" },
        ],
      },
    },
  };
  const details = (value: JsonObject) =>
    validate(value, ruled, "").map(({ field, detail }) => `${field}: ${detail}`);
  expect(details({ labels: { abcd: "xy" } })).toEqual([]);
  expect(details({ labels: { abcde: "x" } })).toEqual(["labels: Invalid value: too long"]);
  expect(details({ labels: { a: "xyz", own: "" } })).toEqual([
    "labels: Invalid value: too long",
    "labels: Invalid value: reserved",
  ]);
  expect(details({ size: "", labels: { own: "" } })[1]).toContain("some validation rules were not checked");
});

test("any value is normalised once and for all, and validated without an exception", () => {
  const names = [...Object.keys(schema.properties!), "key", "deep", "__proto__", "constructor", "unknown"];
  const value = fc.letrec<{ node: Json }>((tie) => ({
    node: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom<Json>(null, true, 0, 1.5, "", "ab", "fast"),
      fc.array(tie("node"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...names), tie("node"), { maxKeys: 4 }) as fc.Arbitrary<Json>,
    ),
  })).node;
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), value), (object) => {
      const normal = normalize(object, schema, () => {});
      expect(normalize(normal, schema, () => {})).toEqual(normal);
      for (const { field, detail } of validate(normal, schema, ""))
        expect(detail.length * field.length).toBeGreaterThan(0);
    }),
  );
});
