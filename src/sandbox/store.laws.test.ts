import fc from "fast-check";
import { expect, test } from "vitest";
import type { KubeObject } from "./object.ts";
import { keyOf, Store } from "./store.ts";

const write = fc.record({
  kind: fc.constantFrom("put", "remove", "compact"),
  storage: fc.constantFrom("/a", "/b"),
  namespace: fc.constantFrom("x", "y", "x-1"),
  name: fc.constantFrom("n", "m", "n-1"),
});
type Write = typeof write extends fc.Arbitrary<infer T> ? T : never;

function apply(store: Store, { kind, storage, namespace, name }: Write): void {
  const previous = store.get(storage, namespace, name);
  if (kind === "compact") store.compact();
  else if (kind === "put") store.put(storage, object(namespace, name), previous);
  else if (previous !== undefined) store.remove(storage, previous);
}

function object(namespace: string, name: string): KubeObject {
  return { apiVersion: "v1", kind: "Thing", metadata: { name, namespace, uid: "", creationTimestamp: "" } };
}

const states = (list: readonly (readonly [string, { readonly version: number }])[]) =>
  list.map(([key, { version }]) => `${key}@${version}`);

test("a list of the past is what the list was then, as far back as the history reaches", () => {
  fc.assert(
    fc.property(fc.array(write, { maxLength: 60 }), fc.integer({ min: 1, max: 30 }), (writes, limit) => {
      const store = new Store(limit);
      const past = new Map<number, string[]>();
      for (const item of writes) {
        apply(store, item);
        past.set(store.version, states(store.list("/a")));
      }
      for (const [version, then] of past) {
        if (version < store.compactedVersion) continue;
        expect(states(store.listAt(version, "/a"))).toEqual(then);
        expect(states(store.listAt(version, "/a", "x"))).toEqual(
          then.filter((item) => item.startsWith("x/")),
        );
      }
    }),
  );
});

test("the changes since a version lead from its list to the present one, each version once and in order", () => {
  fc.assert(
    fc.property(fc.array(write, { maxLength: 60 }), fc.nat(60), (writes, cut) => {
      const store = new Store(1_000);
      for (const item of writes.slice(0, cut)) apply(store, item);
      const { version } = store;
      const replica = new Map(store.list("/a").map(([key, entry]) => [key, entry.version]));
      for (const item of writes.slice(cut)) apply(store, item);
      if (version < store.compactedVersion) return;
      let last = version;
      for (const change of store.changesSince(version, "/a")) {
        expect(change.version).toBeGreaterThan(last);
        last = change.version;
        const { metadata } = change.entry.object;
        expect(metadata.resourceVersion).toBe(String(change.version));
        const key = keyOf(metadata.namespace, metadata.name);
        if (change.type === "DELETED") replica.delete(key);
        else replica.set(key, change.version);
      }
      expect(replica).toEqual(new Map(store.list("/a").map(([key, entry]) => [key, entry.version])));
    }),
  );
});
