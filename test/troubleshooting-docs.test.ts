import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { troubleshootingPage } from "../scripts/generate-docs/troubleshooting.ts";
import { errorClasses } from "../src/vault/error-classes.ts";

const page = readFileSync(new URL("../docs/troubleshooting.md", import.meta.url), "utf8");

test("docs/troubleshooting.md is up to date: node scripts/generate-docs/troubleshooting.ts", () => {
  expect(page).toBe(troubleshootingPage());
});

test("every anchor that a message names is on the page", () => {
  const anchors = new Set([...page.matchAll(/^### (.+)$/gm)].map((heading) => heading[1]!.toLowerCase()));
  for (const { anchor } of Object.values(errorClasses)) expect(anchors).toContain(anchor);
});
