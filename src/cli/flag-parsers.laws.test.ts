import { assert, property, string, integer, oneof, constantFrom } from "fast-check";
import { describe, expect, test } from "vitest";
import { FlagValueError, httpsUrl, port, retryAfter, text, wholeNumber } from "./flag-parsers.ts";

const hostile = oneof(
  string({ unit: "binary", maxLength: 200 }),
  integer().map(String),
  constantFrom("", " ", "-0", "1e3", "0x10", "٣", "NaN", "Infinity", "9".repeat(400), "1,00", "\u0000"),
);

/** The text of the refusal, "" for an error of another kind, undefined for a value. */
function refusalOf(parse: (input: string) => unknown, input: string): string | undefined {
  try {
    parse(input);
    return undefined;
  } catch (error) {
    return error instanceof FlagValueError ? error.message : "";
  }
}

describe("every parser", () => {
  test.each([
    ["port", port],
    ["wholeNumber", wholeNumber(1)],
    ["text", text],
    ["httpsUrl", httpsUrl],
    ["retryAfter", retryAfter],
  ])("%s answers any text with a value or says what the flag must be", (_name, parse) => {
    assert(
      property(hostile, (input) => {
        const refusal = refusalOf(parse, input);
        expect(refusal === undefined || /^must [^.]*(\.[^ ][^.]*)*$/.test(refusal)).toBe(true);
      }),
    );
  });
});

describe("wholeNumber", () => {
  test("a number within the bounds is read as it is written, with or without separators", () => {
    assert(
      property(integer({ min: 0, max: 10_000_000 }), (value) => {
        const parse = wholeNumber(0, 10_000_000);
        expect(parse(String(value))).toBe(value);
        expect(parse(value.toLocaleString("en-US"))).toBe(value);
      }),
    );
  });

  test("a number outside is refused with the bounds", () => {
    expect(() => wholeNumber(1, 10_000_000)("0")).toThrow("must be a whole number from 1 to 10,000,000");
    expect(() => wholeNumber(1)("-1")).toThrow("must be a whole number of at least 1");
  });
});
