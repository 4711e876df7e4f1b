import { expect, test } from "vitest";
import { PlanInputError } from "./inputs.ts";
import { planTable, tableAsCsv, tableAsMarkdown } from "./table.ts";

test("the default is the guide's table and one of the same shape for each counting", () => {
  const { tables } = planTable({});
  expect(tables.map(({ method }) => method)).toEqual(["guide", "second", "fixed", "sliding"]);
  expect(tables[0]!.jitterSeconds.at(-1)).toEqual([8, 15, 38, 76, 150, 380, 760, 1500, 3800, 7600]);
  expect(tables[2]!.jitterSeconds.at(-1)).toEqual([0, 0, 0, 16, 38, 101, 209, 430, 1107, 2259]);
});

test("any rows and columns, as Markdown and as CSV", () => {
  const plan = planTable({ clusters: [700], secretsPerCluster: [30, 400], methods: ["guide", "fixed"] });
  expect(tableAsMarkdown(plan)).toContain("| **30 secrets** | 190 |");
  expect(tableAsMarkdown(plan)).toContain("| **400 secrets** | – |");
  expect(tableAsCsv(plan).split("\r\n").slice(0, 3)).toEqual([
    "method,secretsPerCluster,clusters,jitterSeconds",
    "guide,30,700,190",
    "guide,400,700,",
  ]);
});

test("an empty or endless side is refused", () => {
  expect(() => planTable({ clusters: [] })).toThrow(PlanInputError);
  expect(() => planTable({ clusters: Array.from({ length: 51 }, (_, index) => index + 1) })).toThrow(
    /1 to 50/,
  );
});
