import * as fc from "fast-check";
import { expect, test } from "vitest";
import { DueHeap, type DueItem } from "./due-heap.ts";

interface Item extends DueItem {
  readonly id: number;
}

const someSteps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("push" as const), dueMs: fc.integer({ min: 0, max: 20 }) }),
    fc.record({
      kind: fc.constant("advance" as const),
      index: fc.nat(),
      byMs: fc.integer({ min: 1, max: 20 }),
    }),
    fc.record({ kind: fc.constant("pop" as const) }),
  ),
  { maxLength: 200, size: "max" },
);

test("items come out by time, of equal times by when they got it, also after they were moved forward", () => {
  fc.assert(
    fc.property(someSteps, (steps) => {
      const heap = new DueHeap<Item>();
      /** In the order of the heap's promise: sorted is stable. */
      let model: Item[] = [];
      let id = 0;
      const popped: [actual: Item | undefined, expected: Item | undefined][] = [];
      for (const step of steps) {
        switch (step.kind) {
          case "push": {
            const item = { id: id++, dueMs: step.dueMs, heapIndex: -1, heapOrder: 0 };
            heap.push(item);
            model.push(item);
            break;
          }
          case "advance": {
            const item = model[step.index % model.length];
            if (item === undefined) break;
            heap.advance(item, item.dueMs - step.byMs);
            model = [...model.filter((other) => other !== item), item];
            break;
          }
          case "pop":
            popped.push([heap.pop(), model.shift()]);
        }
        model = model.toSorted((left, right) => left.dueMs - right.dueMs);
        expect(heap.size).toBe(model.length);
        expect(heap.peek()).toBe(model[0]);
      }
      for (const [actual, expected] of popped) expect(actual).toBe(expected);
    }),
  );
});
