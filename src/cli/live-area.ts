import type { CliStream } from "./context.ts";
import { sizeOf, visibleLength } from "./terminal.ts";

/**
 * Lines at the end of a terminal's output that are re-drawn in place. Only lines that changed are written again, so a
 * selection made with the mouse elsewhere stays. The area may grow, never shrink; it must fit the terminal.
 */
export class LiveArea {
  readonly #stream: CliStream;
  #lines: readonly string[] = [];

  constructor(stream: CliStream) {
    this.#stream = stream;
  }

  /** Whether `stream` is a terminal on which `lineCount` lines can be re-drawn. */
  static canDraw(stream: CliStream, lineCount: number): boolean {
    return stream.isTTY === true && sizeOf(stream).rows > lineCount;
  }

  /** Shows `lines`, cut to the size of the terminal: a wrapped or scrolled line would shift the others. */
  draw(lines: readonly string[]): void {
    const { columns, rows } = sizeOf(this.#stream);
    const heightLimit = Math.max(this.#lines.length, rows - 1);
    const height = Math.min(heightLimit, Math.max(lines.length, this.#lines.length));
    const fitting = Array.from({ length: height }, (_, index) => cutVisible(lines[index] ?? "", columns));
    let text = "";
    fitting.forEach((line, index) => {
      const upCount = this.#lines.length - index;
      if (upCount <= 0) text += `${line}\n`;
      else if (line !== this.#lines[index]) {
        text += `\u001b[${upCount}A\r\u001b[2K${line}\u001b[${upCount}B\r`;
      }
    });
    this.#lines = fitting;
    if (text !== "") this.#stream.write(text);
  }
}

/** The first `width` visible characters, with colours kept and ended. */
function cutVisible(line: string, width: number): string {
  if (visibleLength(line) <= width) return line;
  let length = 0;
  let result = "";
  // oxlint-disable-next-line no-control-regex -- the escape sequences of our own colours
  for (const part of line.split(/(\u001b\[\d+m)/)) {
    if (part.startsWith("\u001b")) result += part;
    else {
      result += part.slice(0, Math.max(0, width - 1 - length));
      length += part.length;
    }
  }
  const cutAt = result.trimEnd();
  return `${cutAt}…`;
}
