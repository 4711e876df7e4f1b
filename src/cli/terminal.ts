import { stripVTControlCharacters } from "node:util";
import type { CliStream } from "./context.ts";

/** Colours by meaning. Without colour each returns its text unchanged, so no screen may depend on them. */
export interface Style {
  /** A heading or the one word that answers the question. */
  readonly strong: Paint;
  /** What is less important than the rest of its line. */
  readonly quiet: Paint;
  readonly good: Paint;
  /** Not there yet, or worth a look. */
  readonly pending: Paint;
  readonly problem: Paint;
}

type Paint = (text: string) => string;

const plain: Style = {
  strong: (text) => text,
  quiet: (text) => text,
  good: (text) => text,
  pending: (text) => text,
  problem: (text) => text,
};

const coloured: Style = {
  strong: (text) => `\u001b[1m${text}\u001b[22m`,
  quiet: (text) => `\u001b[2m${text}\u001b[22m`,
  good: (text) => `\u001b[32m${text}\u001b[39m`,
  pending: (text) => `\u001b[33m${text}\u001b[39m`,
  problem: (text) => `\u001b[31m${text}\u001b[39m`,
};

/** The style of a stream: plain text unless it takes colour. */
export function styleFor(isColor: boolean): Style {
  return isColor ? coloured : plain;
}

/** A terminal takes colour unless `NO_COLOR` (any value) or `TERM=dumb` says otherwise; files and pipes never do. */
export function takesColor(stream: CliStream, env: Readonly<Record<string, string | undefined>>): boolean {
  return stream.isTTY === true && !env["NO_COLOR"] && env["TERM"] !== "dumb";
}

/** Size of a terminal in characters and lines; 80 × 24 where there is none, or one that does not know its size. */
export function sizeOf(stream: CliStream): { readonly columns: number; readonly rows: number } {
  return { columns: stream.columns || 80, rows: stream.rows || 24 };
}

/** How a column of {@link alignColumns} stands. */
export type Alignment = "left" | "right";

/**
 * Rows of cells as lines with aligned columns, two spaces apart, without trailing spaces. Cells may carry colour.
 * `alignments` defaults to left for every column.
 */
export function alignColumns(
  rows: readonly (readonly string[])[],
  alignments: readonly Alignment[] = [],
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, visibleLength(cell))));
  }
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const padding = " ".repeat(widths[column]! - visibleLength(cell));
        return alignments[column] === "right" ? padding + cell : cell + padding;
      })
      .join("  ")
      .trimEnd(),
  );
}

/** Breaks text at spaces into lines of at most `width` characters; longer words stand alone. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** Length in characters, colours not counted. */
export function visibleLength(text: string): number {
  return stripVTControlCharacters(text).length;
}
