import fc from "fast-check";
import { expect, test } from "vitest";
import { compareFields, subtractFields, uniteFields, type FieldSet } from "./field-set.ts";
import { isEqual, type Json } from "./object.ts";
import type { Schema } from "./schema.ts";

const schema: Schema = {
  properties: {
    list: { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"] },
    set: { "x-kubernetes-list-type": "set" },
    plain: { properties: { a: {}, b: {} } },
  },
};
const scalar = fc.constantFrom<Json>(1, 2, "x", true);
const item = fc.record({ k: fc.constantFrom("1", "2", "3"), v: scalar }, { requiredKeys: ["k"] });
const state = fc.record(
  {
    list: fc.uniqueArray(item, { selector: ({ k }) => k, maxLength: 3 }),
    set: fc.uniqueArray(fc.constantFrom("p", "q", "r"), { maxLength: 3 }),
    plain: fc.record({ a: scalar, b: scalar }, { requiredKeys: [] }),
    free: fc.dictionary(fc.constantFrom("m", "n"), scalar),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Json>;

const all = (value: Json): FieldSet | undefined => compareFields(undefined, value, schema, true).changed;
const normal = (set: FieldSet | undefined) => set ?? null;

test("equal states differ in nothing", () => {
  fc.assert(
    fc.property(state, (value) => {
      expect(compareFields(value, structuredClone(value), schema, true)).toEqual({
        changed: undefined,
        removed: undefined,
      });
    }),
  );
});

test("the fields of the new state are those of the old one, less what is gone, with what changed", () => {
  fc.assert(
    fc.property(state, state, (old, next) => {
      const { changed, removed } = compareFields(old, next, schema, true);
      const expected = uniteFields(subtractFields(all(old), removed), changed);
      expect(isEqual(normal(expected), normal(all(next)))).toBe(true);
    }),
  );
});

test("a set less itself is empty, and with itself is itself", () => {
  fc.assert(
    fc.property(state, state, (left, right) => {
      const [one, other] = [all(left), all(right)];
      expect(subtractFields(one, one)).toBeUndefined();
      expect(normal(uniteFields(one, one))).toEqual(normal(one));
      expect(isEqual(normal(uniteFields(one, other)), normal(uniteFields(other, one)))).toBe(true);
      const rest = subtractFields(one, other);
      expect(isEqual(normal(subtractFields(rest, other)), normal(rest))).toBe(true);
    }),
  );
});
