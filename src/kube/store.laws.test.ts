import * as fc from "fast-check";
import { expect, test } from "vitest";
import { objectKey, type ConfigMap } from "./objects.ts";
import { Store } from "./store.ts";

const someObject = fc
  .record({
    name: fc.constantFrom("a", "b", "c"),
    namespace: fc.constantFrom("x", "y"),
    tags: fc.uniqueArray(fc.constantFrom("red", "green", "blue")),
  })
  .map(({ name, namespace, tags }): ConfigMap => ({
    metadata: { name, namespace },
    data: { tags: tags.join(",") },
  }));
const tagsOf = ({ data }: ConfigMap) => (data?.["tags"] ?? "").split(",").filter((tag) => tag !== "");
const someSteps = fc.array(fc.record({ object: someObject, isDelete: fc.boolean() }), {
  maxLength: 60,
  size: "max",
});

test("a store answers by key and by index as a scan over everything would", () => {
  fc.assert(
    fc.property(someSteps, (steps) => {
      const store = new Store<ConfigMap>({ tag: tagsOf, namespace: ({ metadata }) => [metadata.namespace!] });
      const model = new Map<string, ConfigMap>();
      for (const { object, isDelete } of steps) {
        const key = objectKey(object);
        expect(isDelete ? store.delete(key) : store.set(object)).toBe(model.get(key));
        if (isDelete) model.delete(key);
        else model.set(key, object);
        expect(store.get(key)).toBe(model.get(key));
        expect(store.size).toBe(model.size);
        for (const tag of ["red", "green", "blue", "none"]) {
          const scan = [...model.values()].filter((candidate) => tagsOf(candidate).includes(tag));
          expect(new Set(store.byIndex("tag", tag))).toEqual(new Set(scan));
        }
        expect(store.byIndex("namespace", "x").length + store.byIndex("namespace", "y").length).toBe(
          model.size,
        );
      }
    }),
  );
});
