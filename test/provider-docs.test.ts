import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { generateProviderDocs } from "../scripts/generate-docs/provider.ts";

test("docs/provider.md is up to date: node scripts/generate-docs/provider.ts", () => {
  const page = readFileSync(new URL("../docs/provider.md", import.meta.url), "utf8");
  expect(page).toBe(generateProviderDocs());
});
