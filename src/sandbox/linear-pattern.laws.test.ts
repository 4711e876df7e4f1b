import fc from "fast-check";
import { expect, test } from "vitest";
import { LinearPattern } from "./linear-pattern.ts";

/** Patterns that JavaScript runs in linear time, so that its own engine can be the judge. */
const patterns = [
  "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
  "^[A-Za-z0-9.](?:[-A-Za-z0-9]+(?:[._][A-Za-z0-9]+(?:-[A-Za-z0-9]+)*)*)?(?:\\/[0-9]+)*$",
  "^(a|bc|)+c{2,3}$",
  "a.c",
  "^\\d+(\\.\\d*)?$",
  "[^a-c]$",
  "^(?:ab?){0,2}-?$",
  "\\w\\W\\s?",
  "",
  "^$",
  "a|^b|c$",
];

test.each(patterns)("finds what the usual engine finds: %s", (source) => {
  const pattern = new LinearPattern(source);
  const judge = new RegExp(source, "u");
  const text = fc.string({ unit: fc.constantFrom(...Array.from("abc-._/01 \n💧")), maxLength: 12 });
  fc.assert(
    fc.property(text, (value) => pattern.test(value) === judge.test(value)),
    { numRuns: 500 },
  );
});

const exponential = "^[A-Za-z0-9.]([-A-Za-z0-9]+([-._a-zA-Z0-9]?[A-Za-z0-9])*)?(\\/([0-9]+))*$";
const linear = new RegExp(patterns[1]!);

test("the patterns of SecretSync that are exponential elsewhere are quick and mean the same", () => {
  const pattern = new LinearPattern(exponential);
  const text = fc.string({ unit: fc.constantFrom(...Array.from("a-._/0")), maxLength: 253 });
  fc.assert(
    fc.property(text, (value) => pattern.test(value) === linear.test(value)),
    { numRuns: 500 },
  );
  expect(pattern.test(`${"a".repeat(252)}!`)).toBe(false);
  expect(pattern.test("a".repeat(253))).toBe(true);
});

test.each(["(a+)+$", "(a|a)*b", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*)*x"])(
  "hostile pattern %s stays quick",
  (source) => {
    expect(new LinearPattern(source).test(`${"a".repeat(20_000)}!`)).toBe(false);
  },
);

test.each([
  "(",
  ")",
  "[a",
  "*a",
  "a{2,1}",
  "a{1001}",
  "\\",
  "(?=a)",
  "\\1",
  "[b-a]",
  "(((a{1000}){1000}))",
  "(".repeat(300),
])("the pattern %s is refused", (source) => {
  expect(() => new LinearPattern(source)).toThrow(Error);
});

test("any text is either a pattern or refused with a reason", () => {
  const source = fc.string({
    unit: fc.constantFrom(...Array.from("()[]{}*+?|^$\\a-b:,0<>P!")),
    maxLength: 20,
  });
  fc.assert(
    fc.property(source, (text) => {
      expect(outcome(() => new LinearPattern(text).test("ab-0"))).toMatch(/^(?:done|Error: .+)$/);
    }),
    { numRuns: 2_000 },
  );
});

function outcome(action: () => unknown): string {
  try {
    action();
    return "done";
  } catch (error) {
    return String(error);
  }
}
