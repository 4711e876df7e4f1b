import { planTable, tableAsCsv, tableAsMarkdown } from "../../../planner/table.ts";
import type { CliContext } from "../../context.ts";
import { inputsOf } from "./fleet-flags.ts";
import { printJson } from "./screen.ts";
import type { TableFlags } from "./table.ts";
import { withFlagNames } from "./usage.ts";

/** Prints what `keyweir plan table` answers. Throws a `UsageError` that names the flags when they do not go together. */
export async function runTable(this: CliContext, flags: TableFlags): Promise<void> {
  const { counting } = flags;
  const plan = withFlagNames(() =>
    planTable({
      ...inputsOf({ ...flags, counting: "fixed" }),
      clusters: flags.clusters,
      secretsPerCluster: flags.secrets,
      methods: counting === "all" ? undefined : [counting],
    }),
  );
  switch (flags.json ? "json" : flags.format) {
    case "json":
      printJson(this, plan);
      return;
    case "csv":
      this.process.stdout.write(tableAsCsv(plan));
      return;
    case "markdown":
      this.process.stdout.write(tableAsMarkdown(plan));
  }
}
