import { describe, expect, test } from "vitest";
import { alignColumns, sizeOf, styleFor, takesColor, visibleLength, wrap } from "./terminal.ts";

const write = () => {};

describe("colour", () => {
  test.each([
    ["a terminal", { write, isTTY: true }, {}, true],
    ["a pipe", { write }, {}, false],
    ["a terminal with NO_COLOR", { write, isTTY: true }, { NO_COLOR: "1" }, false],
    ["a terminal with an empty NO_COLOR", { write, isTTY: true }, { NO_COLOR: "" }, true],
    ["a dumb terminal", { write, isTTY: true }, { TERM: "dumb" }, false],
  ])("%s is asked for it only when it takes it", (_title, stream, env, expected) => {
    expect(takesColor(stream, env)).toBe(expected);
  });

  test("a style without colour returns its text", () => {
    const style = styleFor(false);
    for (const paint of [style.strong, style.quiet, style.good, style.pending, style.problem]) {
      expect(paint("text")).toBe("text");
    }
  });
});

describe("alignColumns", () => {
  test("columns are as wide as their widest cell, colours not counted", () => {
    const { good } = styleFor(true);
    const lines = alignColumns([
      ["NAME", "STATE", "COUNT"],
      ["a-long-name", good("ok"), "7"],
    ]);
    expect(lines.map(visibleLength)).toEqual([25, 21]);
    expect(lines[1]).toBe(`a-long-name  ${good("ok")}     7`);
  });

  test("numbers stand at the right", () => {
    expect(alignColumns([["7"], ["1,000"]], ["right"])).toEqual(["    7", "1,000"]);
  });

  test("no line ends in spaces", () => {
    expect(
      alignColumns([
        ["a", ""],
        ["b", "c"],
      ]),
    ).toEqual(["a", "b  c"]);
  });
});

describe("wrap", () => {
  test("no line is longer than the width, and no word is lost", () => {
    const text = "one two three four five six seven eight nine ten";
    const lines = wrap(text, 12);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(12);
    expect(lines.join(" ")).toBe(text);
  });

  test("a word longer than the width stands alone", () => {
    expect(wrap("a https://example.com/long b", 10)).toEqual(["a", "https://example.com/long", "b"]);
  });
});

test.each([
  ["no terminal", { write }, { columns: 80, rows: 24 }],
  ["a terminal that does not know", { write, columns: 0, rows: 0 }, { columns: 80, rows: 24 }],
  ["a terminal", { write, columns: 132, rows: 50 }, { columns: 132, rows: 50 }],
])("%s has a size", (_title, stream, expected) => {
  expect(sizeOf(stream)).toEqual(expected);
});
