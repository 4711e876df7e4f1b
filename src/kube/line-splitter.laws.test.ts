import * as fc from "fast-check";
import { expect, test } from "vitest";
import { splitLines } from "./line-splitter.ts";

async function* cut(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let start = 0;
  for (const size of sizes) {
    yield bytes.subarray(start, start + size);
    start += size;
  }
  yield bytes.subarray(start);
}

test("wherever the bytes are cut, the lines are those of the text", async () => {
  const someText = fc
    .array(fc.constantFrom("a", "é", "😀", "{}", "\r", "\n"), { size: "max", maxLength: 60 })
    .map((parts) => parts.join(""));
  await fc.assert(
    fc.asyncProperty(someText, fc.array(fc.nat({ max: 9 })), async (text, sizes) => {
      const bytes = new TextEncoder().encode(text);
      const lines: string[] = [];
      for await (const line of splitLines(cut(bytes, sizes))) lines.push(line);
      expect(lines).toEqual(
        new TextDecoder()
          .decode(bytes)
          .split("\n")
          .filter((line) => line !== ""),
      );
    }),
  );
});

test("a line without end is given up", async () => {
  const mebibyte = new Uint8Array(1024 * 1024).fill(97);
  let sent = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (; sent < 1_000; sent++) yield mebibyte;
  }
  const reading = (async () => {
    for await (const line of splitLines(endless())) expect(line).toBe("none");
  })();
  await expect(reading).rejects.toMatchObject({ code: "Malformed" });
  expect(sent).toBe(64);
});
