import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { generatePlanDocs } from "../scripts/generate-docs/plan.ts";

test.each([...generatePlanDocs()])(
  "docs/%s is up to date: node scripts/generate-docs/plan.ts",
  (path, text) => {
    expect(readFileSync(new URL(`../docs/${path}`, import.meta.url), "utf8")).toBe(text);
  },
);
