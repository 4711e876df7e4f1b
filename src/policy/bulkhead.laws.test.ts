import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Bulkhead } from "./bulkhead.ts";

test("neither the total nor an owner's part is ever exceeded, and all room comes back", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.boolean()), { maxLength: 200 }),
      (total, perOwner, steps) => {
        const bulkhead = new Bulkhead({ total, perOwner });
        const inside: string[] = [];
        for (const [owner, isEntering] of steps) {
          const own = inside.filter((other) => other === owner).length;
          const hasRoom = inside.length < total && own < perOwner;
          expect(bulkhead.hasRoomFor(owner)).toBe(hasRoom);
          if (isEntering && hasRoom) {
            bulkhead.enter(owner);
            inside.push(owner);
          } else if (!isEntering && own > 0) {
            bulkhead.leave(owner);
            inside.splice(inside.indexOf(owner), 1);
          }
          expect(bulkhead.inFlight).toBe(inside.length);
          expect(bulkhead.isFull).toBe(inside.length === total);
        }
        for (const owner of inside) bulkhead.leave(owner);
        expect(bulkhead.inFlight).toBe(0);
        expect(["a", "b", "c"].every((owner) => bulkhead.hasRoomFor(owner))).toBe(true);
      },
    ),
  );
});

test("a full bulkhead and a leaver who never entered are bugs", () => {
  const bulkhead = new Bulkhead({ total: 1, perOwner: 1 });
  bulkhead.enter("a");
  expect(() => bulkhead.enter("b")).toThrow("full bulkhead");
  expect(() => bulkhead.leave("b")).toThrow("did not enter");
});
