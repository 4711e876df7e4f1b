import { request } from "node:http";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { canaryToken, canaryValue, expectNoCanary } from "./support/canary.ts";

test("a unit test cannot listen", () => {
  expect(() => createServer().listen(0)).toThrow("opens a socket");
});

test("a unit test cannot connect", () => {
  expect(() => request("http://127.0.0.1:9/").end()).toThrow("opens a socket");
});

test.each([
  ["a value", `the value is ${canaryValue}.`],
  ["a token", `Bearer ${canaryToken}`],
  ["a value in base64", `data: ${Buffer.from(canaryValue).toString("base64")}`],
])("%s in an output is found", (_name, text) => {
  expect(() => expectNoCanary(text)).toThrow("a planted secret");
});
