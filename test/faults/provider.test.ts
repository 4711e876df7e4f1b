import { expect, test } from "vitest";
import { hostileLaws } from "../../src/provider/hostile.laws.ts";

/** 100,000 inputs in all, shared evenly. */
const inputs = 100_000;

test.each(hostileLaws)("$name, many times", ({ check }) =>
  expect(check(Math.ceil(inputs / hostileLaws.length))).resolves.toBeUndefined(),
);
