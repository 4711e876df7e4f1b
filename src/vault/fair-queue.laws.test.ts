import * as fc from "fast-check";
import { expect, test } from "vitest";
import { FairQueue } from "./fair-queue.ts";

interface Entry {
  readonly owner: string;
  readonly number: number;
}

const someOwners = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 40 });

function queueOf(owners: readonly string[]): { queue: FairQueue<Entry>; entries: Entry[] } {
  const queue = new FairQueue<Entry>();
  const entries = owners.map((owner, number) => ({ owner, number }));
  for (const entry of entries) queue.add(entry);
  return { queue, entries };
}

function drain(queue: FairQueue<Entry>): Entry[] {
  const served: Entry[] = [];
  for (let entry = queue.first(() => true); entry !== undefined; entry = queue.first(() => true)) {
    queue.delete(entry);
    served.push(entry);
  }
  return served;
}

test("everybody is served once, in the order of each owner", () => {
  fc.assert(
    fc.property(someOwners, (owners) => {
      const { queue, entries } = queueOf(owners);
      const served = drain(queue);
      expect(queue.size).toBe(0);
      for (const owner of ["a", "b", "c"]) {
        const own = (list: readonly Entry[]) => list.filter((entry) => entry.owner === owner);
        expect(own(served)).toEqual(own(entries));
      }
    }),
  );
});

test("nobody waits for more than one turn of each other owner", () => {
  fc.assert(
    fc.property(someOwners, (owners) => {
      const served = drain(queueOf(owners).queue).map(({ owner }) => owner);
      for (const [index, owner] of served.entries()) {
        const next = served.indexOf(owner, index + 1);
        if (next < 0) continue;
        const between = served.slice(index + 1, next);
        expect(new Set(between).size).toBe(between.length);
      }
    }),
  );
});

test("an entry that leaves is not served, and an owner that may not enter is passed over", () => {
  const { queue, entries } = queueOf(["a", "a", "b"]);
  expect(queue.first((owner) => owner !== "a")).toBe(entries[2]);
  expect(queue.first(() => false)).toBeUndefined();
  queue.delete(entries[0]!);
  queue.delete(entries[0]!);
  expect(queue.size).toBe(2);
  expect(queue.entries()).toEqual([entries[2], entries[1]]);
});
