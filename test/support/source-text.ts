/** One text file of the checkout. */
export interface SourceFile {
  /** From the root of the checkout, with forward slashes: `src/core/clock.ts`. */
  readonly path: string;
  readonly text: string;
}

/** A rule that a file breaks, in a form that editors turn into a link. */
export interface Violation {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  /** What is wrong and what to do instead. */
  readonly message: string;
}

/** One line a violation, sorted; empty when there is none. */
export function formatViolations(violations: readonly Violation[]): string {
  return violations
    .map(({ path, line, message }) => `${path}:${line}: ${message}`)
    .sort()
    .join("\n");
}

/** The line, counted from 1, on which the character at `offset` stands. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let index = text.indexOf("\n"); index >= 0 && index < offset; index = text.indexOf("\n", index + 1))
    line++;
  return line;
}

/**
 * The code of a TypeScript text: comments, the contents of strings, of templates (not their `${}`) and of regular
 * expressions are blanked, quotes and line ends stay. Every character keeps its offset, so that a match found here
 * can be looked up in the original.
 */
export function blankNonCode(text: string): string {
  const code = text.split("");
  const blank = (start: number, end: number) => {
    for (let index = start; index < end; index++) if (code[index] !== "\n") code[index] = " ";
  };
  /** Depth of braces at which each open template literal goes on. */
  const templateDepths: number[] = [];
  let depth = 0;
  let index = 0;
  while (index < text.length) {
    const character = text[index]!;
    if (text.startsWith("//", index) || (index === 0 && text.startsWith("#!"))) {
      const end = endOf(text, "\n", index, 0);
      blank(index, end);
      index = end;
    } else if (text.startsWith("/*", index)) {
      const end = endOf(text, "*/", index + 2, 2);
      blank(index, end);
      index = end;
    } else if (character === '"' || character === "'") {
      const end = endOfLiteral(text, index, character);
      blank(index + 1, end - 1);
      index = end;
    } else if (character === "`" || (character === "}" && templateDepths.at(-1) === depth)) {
      if (character === "}") templateDepths.pop();
      const end = endOfTemplatePart(text, index + 1);
      const isOpen = text.startsWith("${", end - 2) && text[end - 1] !== "`";
      blank(index + 1, end - (isOpen ? 2 : 1));
      if (isOpen) templateDepths.push(depth);
      index = end;
    } else if (character === "/" && isRegularExpressionStart(code, index)) {
      const end = endOfRegularExpression(text, index);
      blank(index + 1, end - 1);
      index = end;
    } else {
      if (character === "{") depth++;
      if (character === "}") depth--;
      index++;
    }
  }
  return code.join("");
}

function endOf(text: string, mark: string, start: number, markLength: number): number {
  const found = text.indexOf(mark, start);
  return found < 0 ? text.length : found + markLength;
}

function endOfLiteral(text: string, start: number, quote: string): number {
  let index = start + 1;
  while (index < text.length && text[index] !== quote && text[index] !== "\n")
    index += text[index] === "\\" ? 2 : 1;
  return Math.min(index + 1, text.length);
}

/** Just behind the closing back-tick or the `${` that comes first. */
function endOfTemplatePart(text: string, start: number): number {
  let index = start;
  while (index < text.length) {
    if (text[index] === "`") return index + 1;
    if (text.startsWith("${", index)) return index + 2;
    index += text[index] === "\\" ? 2 : 1;
  }
  return text.length;
}

/** A slash starts a regular expression where a value cannot have ended just before it. */
function isRegularExpressionStart(code: readonly string[], index: number): boolean {
  let before = index - 1;
  while (before >= 0 && /\s/.test(code[before]!)) before--;
  if (before < 0) return true;
  if (/[\w$)\]}"'`]/.test(code[before]!)) {
    const word = /(?:^|[^\w$.])(return|typeof|case|in|of|do|else|void|yield|await)$/;
    return word.test(code.slice(Math.max(0, before - 10), before + 1).join(""));
  }
  return true;
}

function endOfRegularExpression(text: string, start: number): number {
  let isInClass = false;
  let index = start + 1;
  while (index < text.length && text[index] !== "\n") {
    if (text[index] === "\\") index++;
    else if (text[index] === "[") isInClass = true;
    else if (text[index] === "]") isInClass = false;
    else if (text[index] === "/" && !isInClass) return index + 1;
    index++;
  }
  return index;
}
