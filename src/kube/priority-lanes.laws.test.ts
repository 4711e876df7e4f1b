import * as fc from "fast-check";
import { expect, test } from "vitest";
import { PriorityLanes, type LaneItem } from "./priority-lanes.ts";

interface Item extends LaneItem<Item> {
  readonly id: number;
  waitedTurns: number;
}

const someSteps = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant("push" as const), priority: fc.integer({ min: 0, max: 3 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove" as const), index: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("shift" as const) }) },
  ),
  { maxLength: 400, size: "max" },
);
const laneCount = 4;

test("nothing is lost, a lane is served in order, and the head of no lane waits longer than its share allows", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 }), someSteps, (shareTurns, steps) => {
      const lanes = new PriorityLanes<Item>(shareTurns);
      const model = new Map<number, Item[]>();
      let id = 0;
      const served: [actual: Item | undefined, expected: Item | undefined][] = [];
      const waiting = () => [...model.values()].flat();
      for (const step of steps) {
        switch (step.kind) {
          case "push": {
            const item: Item = {
              id: id++,
              priority: step.priority,
              next: undefined,
              previous: undefined,
              waitedTurns: 0,
            };
            lanes.push(item);
            model.set(step.priority, [...(model.get(step.priority) ?? []), item]);
            break;
          }
          case "remove": {
            const item = waiting()[step.index % Math.max(1, waiting().length)];
            if (item === undefined) break;
            lanes.remove(item);
            model.set(
              item.priority,
              model.get(item.priority)!.filter((other) => other !== item),
            );
            break;
          }
          case "shift": {
            const item = lanes.shift();
            served.push([item, item === undefined ? waiting()[0] : model.get(item.priority)!.shift()]);
            for (const [head] of model.values()) if (head !== undefined) head.waitedTurns++;
          }
        }
        for (const head of waiting()) expect(head.waitedTurns).toBeLessThanOrEqual(shareTurns + laneCount);
        expect(lanes.size).toBe(waiting().length);
      }
      for (const [actual, expected] of served) expect(actual).toBe(expected);
    }),
  );
});

test("with enough of each, the highest priority gets all turns but the others' shares", () => {
  const lanes = new PriorityLanes<Item>(4);
  for (let id = 0; id < 200; id++) {
    for (const priority of [0, 5])
      lanes.push({ id, priority, next: undefined, previous: undefined, waitedTurns: 0 });
  }
  const served = Array.from({ length: 100 }, () => lanes.shift()!.priority);
  expect(served.filter((priority) => priority === 0)).toHaveLength(20);
  expect(served.slice(0, 5)).toEqual([5, 5, 5, 5, 0]);
});
