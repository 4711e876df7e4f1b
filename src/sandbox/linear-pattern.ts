import { parsePattern, type PatternNode } from "./pattern-parser.ts";

type Instruction =
  | { readonly kind: "character"; readonly matches: (code: number) => boolean }
  | { readonly kind: "split"; readonly first: number; readonly second: number }
  | { readonly kind: "jump"; readonly to: number }
  | { readonly kind: "start" | "end" | "match" };

const programLimit = 20_000;

/**
 * A regular expression in the syntax of RE2 that always runs in time linear in the text, whoever wrote the pattern: all
 * states advance together, one character at a time. Finds a match anywhere in the text, as `pattern` of a schema does.
 */
export class LinearPattern {
  readonly #program: Instruction[] = [];
  /** When each state was reached last, as a number of the {@link #turn}. */
  readonly #reachedIn: Int32Array;
  #turn = 0;

  /** Throws an Error that says what it cannot read. */
  constructor(source: string) {
    this.#compile(parsePattern(source));
    this.#push({ kind: "match" });
    this.#reachedIn = new Int32Array(this.#program.length);
  }

  test(text: string): boolean {
    let states: number[] = [];
    for (let position = 0; ;) {
      this.#nextTurn();
      const code = text.codePointAt(position);
      const isEnd = code === undefined;
      const reached: number[] = [];
      for (const state of states) {
        if (this.#follow(state, position, isEnd, reached)) return true;
      }
      if (this.#follow(0, position, isEnd, reached)) return true;
      if (isEnd) return false;
      states = [];
      for (const state of reached) {
        const instruction = this.#program[state]!;
        if (instruction.kind === "character" && instruction.matches(code)) states.push(state + 1);
      }
      position += code > 0xffff ? 2 : 1;
    }
  }

  #nextTurn(): void {
    if (++this.#turn < 2 ** 30) return;
    this.#reachedIn.fill(0);
    this.#turn = 1;
  }

  /** Adds the character states that can be reached from `start` without a character; true when the match is among them. */
  #follow(start: number, position: number, isEnd: boolean, reached: number[]): boolean {
    const stack = [start];
    for (let state = stack.pop(); state !== undefined; state = stack.pop()) {
      if (this.#reachedIn[state] === this.#turn) continue;
      this.#reachedIn[state] = this.#turn;
      const instruction = this.#program[state]!;
      switch (instruction.kind) {
        case "match":
          return true;
        case "character":
          reached.push(state);
          break;
        case "jump":
          stack.push(instruction.to);
          break;
        case "split":
          stack.push(instruction.second, instruction.first);
          break;
        case "start":
          if (position === 0) stack.push(state + 1);
          break;
        case "end":
          if (isEnd) stack.push(state + 1);
          break;
      }
    }
    return false;
  }

  #push(instruction: Instruction): number {
    if (this.#program.length >= programLimit) throw new Error("the pattern repeats too much");
    return this.#program.push(instruction) - 1;
  }

  #compile(node: PatternNode): void {
    switch (node.kind) {
      case "character":
      case "start":
      case "end":
        this.#push(node);
        return;
      case "sequence":
        for (const part of node.parts) this.#compile(part);
        return;
      case "choice":
        this.#compileChoice(node.options);
        return;
      case "repeat":
        for (let count = 0; count < node.least; count++) this.#compile(node.part);
        if (node.most === Infinity) this.#compileLoop(node.part);
        else this.#compileOptional(node.part, node.most - node.least);
    }
  }

  #compileChoice(options: readonly PatternNode[]): void {
    const jumps: number[] = [];
    for (const [index, option] of options.entries()) {
      const isLast = index === options.length - 1;
      const split = isLast ? -1 : this.#push({ kind: "jump", to: 0 });
      this.#compile(option);
      if (isLast) break;
      jumps.push(this.#push({ kind: "jump", to: 0 }));
      this.#program[split] = { kind: "split", first: split + 1, second: this.#program.length };
    }
    for (const jump of jumps) this.#program[jump] = { kind: "jump", to: this.#program.length };
  }

  #compileLoop(part: PatternNode): void {
    const split = this.#push({ kind: "jump", to: 0 });
    this.#compile(part);
    this.#push({ kind: "jump", to: split });
    this.#program[split] = { kind: "split", first: split + 1, second: this.#program.length };
  }

  #compileOptional(part: PatternNode, count: number): void {
    const splits: number[] = [];
    for (let index = 0; index < count; index++) {
      splits.push(this.#push({ kind: "jump", to: 0 }));
      this.#compile(part);
    }
    for (const split of splits) {
      this.#program[split] = { kind: "split", first: split + 1, second: this.#program.length };
    }
  }
}
