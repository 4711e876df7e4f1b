import { describe, expect, test } from "vitest";
import { assert } from "../core/assert.ts";
import { LiveArea } from "./live-area.ts";

describe("LiveArea", () => {
  test("what a terminal shows is always what was drawn last", () => {
    const terminal = new FakeTerminal(20);
    const area = new LiveArea(terminal);
    terminal.write("before\n");
    area.draw(["one", "two", "three"]);
    area.draw(["one", "2", "three"]);
    area.draw(["uno", "2", "three", "four"]);
    expect(terminal.lines()).toEqual(["before", "uno", "2", "three", "four"]);
  });

  test("a line that did not change is not written again", () => {
    const terminal = new FakeTerminal(20);
    const area = new LiveArea(terminal);
    area.draw(["same", "other"]);
    terminal.written = "";
    area.draw(["same", "changed"]);
    expect(terminal.written).not.toContain("same");
    area.draw(["same", "changed"]);
    expect(terminal.written.match(/changed/g)).toHaveLength(1);
  });

  test("a line wider than the terminal is cut, colours and all", () => {
    const terminal = new FakeTerminal(8);
    new LiveArea(terminal).draw(["\u001b[31mabcdefghij\u001b[39m kl"]);
    expect(terminal.lines()).toEqual(["abcdefg…"]);
    expect(terminal.written).toContain("\u001b[39m");
  });

  test("lines beyond the height of the terminal are left out", () => {
    const terminal = new FakeTerminal(20, 4);
    new LiveArea(terminal).draw(["1", "2", "3", "4", "5"]);
    expect(terminal.lines()).toEqual(["1", "2", "3"]);
  });

  test("an area that does not fit the terminal is not drawn in place", () => {
    expect(LiveArea.canDraw({ write() {}, isTTY: true, rows: 10 }, 9)).toBe(true);
    expect(LiveArea.canDraw({ write() {}, isTTY: true, rows: 10 }, 10)).toBe(false);
    expect(LiveArea.canDraw({ write() {} }, 3)).toBe(false);
  });
});

/** Understands the few sequences that the area uses: up, down, start of line, clear line. Colours are dropped. */
class FakeTerminal {
  readonly isTTY = true;
  readonly columns: number;
  readonly rows: number;
  written = "";
  readonly #grid: string[] = [""];
  #row = 0;
  #column = 0;

  constructor(columns: number, rows = 24) {
    this.columns = columns;
    this.rows = rows;
  }

  readonly write = (text: string): void => {
    this.written += text;
    // oxlint-disable-next-line no-control-regex -- a terminal reads control characters
    for (const token of text.match(/\u001b\[\d*[A-Za-z]|[\s\S]/gu) ?? []) this.#apply(token);
  };

  lines(): string[] {
    return this.#grid.slice(0, -1);
  }

  #apply(token: string): void {
    const count = Number(token.slice(2, -1) || 1);
    if (token === "\n") this.#moveTo(this.#row + 1, 0);
    else if (token === "\r") this.#column = 0;
    else if (token.startsWith("\u001b")) {
      if (token.endsWith("A")) this.#moveTo(this.#row - count, this.#column);
      if (token.endsWith("B")) this.#moveTo(this.#row + count, this.#column);
      if (token.endsWith("K")) this.#grid[this.#row] = "";
    } else {
      const line = this.#grid[this.#row]!.padEnd(this.#column);
      this.#grid[this.#row] = line.slice(0, this.#column) + token + line.slice(this.#column + 1);
      this.#column++;
    }
  }

  #moveTo(row: number, column: number): void {
    assert(row >= 0, "the cursor stays on the screen");
    this.#row = row;
    this.#column = column;
    while (this.#grid.length <= row) this.#grid.push("");
  }
}
