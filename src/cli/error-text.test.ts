import { describe, expect, test } from "vitest";
import { UserError } from "../core/errors.ts";
import { describeError, isDebug } from "./error-text.ts";
import { exitCode, exitCodeOfError, exitCodeOfRun, UsageError } from "./exit-code.ts";
import { styleFor } from "./terminal.ts";

const plain = styleFor(false);

describe("describeError", () => {
  test("an error of a person's making is its message and what to do", () => {
    const error = new UserError("There is no file ca.pem.", "Create it.");
    expect(describeError(error, plain, false)).toBe("There is no file ca.pem.\nCreate it.");
  });

  test("any other error is one line, and where to look", () => {
    const text = describeError(new Error("first\nsecond\u001b[2J"), plain, false);
    expect(text).toBe(
      "Unexpected error: first second [2J\nThis should not happen. Run it again with KEYWEIR_DEBUG=1 to see where.",
    );
  });

  test("a long message is cut", () => {
    const [line = ""] = describeError(new Error("x".repeat(10_000)), plain, false).split("\n");
    expect(line.length).toBeLessThan(600);
  });

  test("the stack comes with KEYWEIR_DEBUG alone", () => {
    expect(describeError(new Error("broken"), plain, true)).toContain("error-text.test.ts");
    expect(describeError(new Error("broken"), plain, false)).not.toContain("error-text.test.ts");
  });

  test("what was thrown need not be an error", () => {
    expect(describeError("text", plain, true)).toBe("Unexpected error: text");
  });
});

test.each([
  [{}, false],
  [{ KEYWEIR_DEBUG: "" }, false],
  [{ KEYWEIR_DEBUG: "0" }, false],
  [{ KEYWEIR_DEBUG: "1" }, true],
])("%o asks for stacks: %s", (env, expected) => {
  expect(isDebug(env)).toBe(expected);
});

describe("exit codes", () => {
  test("wrong usage is 2, every other error 1", () => {
    expect(exitCodeOfError(new UsageError("these flags do not go together"))).toBe(exitCode.wrongUsage);
    expect(exitCodeOfError(new UserError("no", "try"))).toBe(exitCode.failure);
    expect(exitCodeOfError("thrown")).toBe(exitCode.failure);
  });

  test.each([
    [0, 0],
    [1, 1],
    [2, 2],
    [-5, 2],
    [-4, 2],
    [-2, 1],
    [-10, 1],
  ])("the library's %i is %i for the shell", (code, expected) => {
    expect(exitCodeOfRun(code)).toBe(expected);
  });
});
