import fc from "fast-check";
import { expect, test } from "vitest";
import type { MappedItem } from "./key-mapping.ts";
import { partialFailure } from "./partial-sync.ts";

function mapped(index: number, isOk: boolean, message = "gone"): MappedItem {
  const item = { sourcePath: `s${index}`, targetKey: `k${index}` };
  const object = {
    type: "secret",
    name: `s${index}`,
    paths: [`s${index}`],
    ok: isOk,
    version: isOk ? "v1" : "",
    code: isOk ? "" : "NotFound",
    message: isOk ? "" : message,
    retryAfterMs: 0,
  };
  return isOk
    ? { kind: "fetched", item, bytes: Buffer.from("x"), object }
    : { kind: "missing", item, object };
}

function messageOf(items: readonly MappedItem[]): string {
  return partialFailure(
    items,
    items.filter((entry) => entry.kind === "missing"),
  ).message;
}

test("the message lists every item as JSON, failures first", () => {
  expect(JSON.parse(messageOf([mapped(0, true), mapped(1, false)]))).toEqual([
    { sourcePath: "s1", targetKey: "k1", ok: false, version: "", code: "NotFound", message: "gone" },
    { sourcePath: "s0", targetKey: "k0", ok: true, version: "v1", code: "", message: "" },
  ]);
});

test("however many and long, the message fits into a condition and parses", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 }), fc.string({ maxLength: 400 }), (count, text) => {
      const items = Array.from({ length: count }, (_, index) => mapped(index, index % 3 === 0, text));
      const message = messageOf([...items, mapped(count, false, text)]);
      expect(message.length).toBeLessThanOrEqual(32_768);
      expect(Array.isArray(JSON.parse(message))).toBe(true);
    }),
    { numRuns: 30 },
  );
});
