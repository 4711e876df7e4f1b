/** A regular expression as a tree. */
export type PatternNode =
  | { readonly kind: "character"; readonly matches: (code: number) => boolean }
  | { readonly kind: "start" | "end" }
  | { readonly kind: "sequence"; readonly parts: readonly PatternNode[] }
  | { readonly kind: "choice"; readonly options: readonly PatternNode[] }
  | { readonly kind: "repeat"; readonly part: PatternNode; readonly least: number; readonly most: number };

type Test = (code: number) => boolean;

const repeatLimit = 1000;
const depthLimit = 200;

/** Parses the syntax of RE2 that schemas use. Throws an Error for anything else. */
export function parsePattern(source: string): PatternNode {
  const parser = new Parser(Array.from(source));
  return parser.parse();
}

class Parser {
  readonly #source: readonly string[];
  #position = 0;
  #depth = 0;

  constructor(source: readonly string[]) {
    this.#source = source;
  }

  parse(): PatternNode {
    const node = this.#choice();
    if (this.#position < this.#source.length) throw new Error("missing opening parenthesis");
    return node;
  }

  #peek(): string | undefined {
    return this.#source[this.#position];
  }

  #take(text: string): boolean {
    for (const [index, character] of Array.from(text).entries()) {
      if (this.#source[this.#position + index] !== character) return false;
    }
    this.#position += text.length;
    return true;
  }

  #choice(): PatternNode {
    if (++this.#depth > depthLimit) throw new Error("nested too deeply");
    const options = [this.#sequence()];
    while (this.#take("|")) options.push(this.#sequence());
    this.#depth--;
    return options.length === 1 ? options[0]! : { kind: "choice", options };
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = [];
    for (let next = this.#peek(); next !== undefined && next !== "|" && next !== ")"; next = this.#peek()) {
      parts.push(this.#repeat(this.#atom()));
    }
    return { kind: "sequence", parts };
  }

  #repeat(atom: PatternNode): PatternNode {
    let node = atom;
    for (;;) {
      let bounds: [number, number] | undefined;
      if (this.#take("*")) bounds = [0, Infinity];
      else if (this.#take("+")) bounds = [1, Infinity];
      else if (this.#take("?")) bounds = [0, 1];
      else bounds = this.#counts();
      if (bounds === undefined) return node;
      this.#take("?");
      node = { kind: "repeat", part: node, least: bounds[0], most: bounds[1] };
    }
  }

  #counts(): [number, number] | undefined {
    const text = this.#source.slice(this.#position, this.#position + 12).join("");
    const match = /^\{(\d{1,4})(,(\d{1,4})?)?\}/.exec(text);
    if (match === null) return undefined;
    this.#position += match[0].length;
    const least = Number(match[1]);
    const most = match[3] === undefined ? (match[2] === undefined ? least : Infinity) : Number(match[3]);
    if (least > repeatLimit || (most !== Infinity && (most > repeatLimit || most < least))) {
      throw new Error("invalid repeat count");
    }
    return [least, most];
  }

  #atom(): PatternNode {
    if (this.#take("^") || this.#take("\\A")) return { kind: "start" };
    if (this.#take("$") || this.#take("\\z")) return { kind: "end" };
    if (this.#take("(")) return this.#group();
    const character = this.#source[this.#position++]!;
    if (character === ".") return { kind: "character", matches: (code) => code !== 10 };
    if (character === "[") return { kind: "character", matches: this.#class() };
    if (character === "\\") return { kind: "character", matches: this.#escape().test };
    if (character === "*" || character === "+" || character === "?") {
      throw new Error("missing argument to repetition operator");
    }
    const code = character.codePointAt(0)!;
    return { kind: "character", matches: (given) => given === code };
  }

  #group(): PatternNode {
    if (this.#take("?")) {
      const isNamed = this.#take("P<") || this.#take("<");
      if (isNamed) {
        while (this.#peek() !== undefined && !this.#take(">")) this.#position++;
      } else if (!this.#take(":")) throw new Error("invalid or unsupported group");
    }
    const node = this.#choice();
    if (!this.#take(")")) throw new Error("missing closing parenthesis");
    return node;
  }

  #class(): Test {
    const isNegated = this.#take("^");
    const tests: Test[] = [];
    for (let isFirst = true; isFirst || this.#peek() !== "]"; isFirst = false) {
      if (this.#peek() === undefined) throw new Error("missing closing ]");
      const posix = this.#posixClass();
      if (posix !== undefined) {
        tests.push(posix);
        continue;
      }
      const low = this.#classItem();
      const hasRange = this.#peek() === "-" && this.#source[this.#position + 1] !== "]";
      if (low.code === undefined || !hasRange) {
        tests.push(low.test);
        continue;
      }
      this.#position++;
      const [from, to] = [low.code, this.#classItem().code];
      if (to === undefined || to < from) throw new Error("invalid character class range");
      tests.push((code) => code >= from && code <= to);
    }
    this.#position++;
    return (code) => tests.some((test) => test(code)) !== isNegated;
  }

  #posixClass(): Test | undefined {
    if (this.#peek() !== "[" || this.#source[this.#position + 1] !== ":") return undefined;
    const match = /^\[:(\^?)([a-z]+):\]/.exec(
      this.#source.slice(this.#position, this.#position + 12).join(""),
    );
    const test = match === null ? undefined : posixTests[match[2]!];
    if (match === null || test === undefined) throw new Error("invalid character class range");
    this.#position += match[0].length;
    return match[1] === "^" ? (code) => !test(code) : test;
  }

  #classItem(): { readonly test: Test; readonly code?: number } {
    const character = this.#source[this.#position++];
    if (character === undefined) throw new Error("missing closing ]");
    if (character === "\\") return this.#escape();
    const code = character.codePointAt(0)!;
    return { test: (given) => given === code, code };
  }

  #escape(): { readonly test: Test; readonly code?: number } {
    const character = this.#source[this.#position++];
    if (character === undefined) throw new Error("trailing backslash at end of expression");
    const perl = perlTests[character.toLowerCase()];
    if (perl !== undefined)
      return { test: character === character.toLowerCase() ? perl : (code) => !perl(code) };
    if (character === "x") return this.#hexEscape();
    const control = controlCodes[character];
    if (control === undefined && /[A-Za-z0-9]/.test(character)) {
      throw new Error(`invalid or unsupported escape sequence \\${character}`);
    }
    const code = control ?? character.codePointAt(0)!;
    return { test: (given) => given === code, code };
  }

  #hexEscape(): { readonly test: Test; readonly code: number } {
    const text = this.#source.slice(this.#position, this.#position + 10).join("");
    const match = /^(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/.exec(text);
    if (match === null) throw new Error("invalid escape sequence \\x");
    this.#position += match[0].length;
    const code = Number.parseInt(match[1] ?? match[2]!, 16);
    return { test: (given) => given === code, code };
  }
}

const isDigit: Test = (code) => code >= 48 && code <= 57;
const isUpper: Test = (code) => code >= 65 && code <= 90;
const isLower: Test = (code) => code >= 97 && code <= 122;
const isSpace: Test = (code) => code === 32 || code === 9 || code === 10 || code === 12 || code === 13;
const isWord: Test = (code) => isDigit(code) || isUpper(code) || isLower(code) || code === 95;

const perlTests: Readonly<Record<string, Test>> = { d: isDigit, s: isSpace, w: isWord };
const controlCodes: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, a: 7 };
const posixTests: Readonly<Record<string, Test>> = {
  alpha: (code) => isUpper(code) || isLower(code),
  digit: isDigit,
  alnum: (code) => isDigit(code) || isUpper(code) || isLower(code),
  upper: isUpper,
  lower: isLower,
  space: (code) => isSpace(code) || code === 11,
  word: isWord,
  xdigit: (code) => isDigit(code) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102),
  punct: (code) =>
    (code >= 33 && code <= 47) ||
    (code >= 58 && code <= 64) ||
    (code >= 91 && code <= 96) ||
    (code >= 123 && code <= 126),
};
