import { buildCommand } from "@stricli/core";
import { inputRanges } from "../../../planner/input-ranges.ts";
import type { CliContext } from "../../context.ts";
import { numberList, serviceFlags, type ServiceFlags } from "./fleet-flags.ts";

/** What `keyweir plan table` takes. */
export interface TableFlags extends Omit<ServiceFlags, "counting" | "json"> {
  readonly clusters?: readonly number[];
  readonly secrets?: readonly number[];
  readonly counting: "all" | "guide" | ServiceFlags["counting"];
  readonly format: "markdown" | "csv" | "json";
  readonly json: boolean;
}

/** The flags and texts of `keyweir plan table`; what it runs is loaded when it runs. */
export const tableCommand = buildCommand<TableFlags, [], CliContext>({
  loader: async () => (await import("./run-table.ts")).runTable,
  parameters: {
    flags: {
      clusters: {
        kind: "parsed",
        parse: numberList(inputRanges.clusters),
        optional: true,
        placeholder: "N,N,...",
        brief: "Columns (default the guide's ten, from 10 to 10,000)",
      },
      secrets: {
        kind: "parsed",
        parse: numberList(inputRanges.secretsPerCluster),
        optional: true,
        placeholder: "N,N,...",
        brief: "Rows (default the guide's four, from 5 to 50)",
      },
      ...serviceFlags,
      counting: {
        kind: "enum",
        values: ["all", "guide", "second", "fixed", "sliding"],
        default: "all",
        brief: "Which tables: the guide's formula, or exact for one way of counting",
      },
      format: {
        kind: "enum",
        values: ["markdown", "csv", "json"],
        default: "markdown",
        brief: "Of the output",
      },
      json: { kind: "boolean", default: false, withNegated: false, brief: "Short for --format json" },
    },
  },
  docs: {
    brief: "The guide's table, and the same table for each exact counting",
    fullDescription: `jitterSeconds for numbers of clusters (columns) and secrets per cluster (rows): the table of the Secret Store extension's guide to the digit, and the same table computed exactly for each way in which the vault may count.
Examples:
keyweir plan table
keyweir plan table --clusters 700,1500 --secrets 30,60 --counting fixed
keyweir plan table --format csv > jitter.csv`,
  },
});
