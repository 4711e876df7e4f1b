import { buildApplication, buildRouteMap, run } from "@stricli/core";
import { planRoutes } from "../../src/cli/commands/plan/routes.ts";
import type { CliContext } from "../../src/cli/context.ts";
import { errorText } from "../../src/cli/error-text.ts";
import { exitCode, exitCodeOfError, exitCodeOfRun } from "../../src/cli/exit-code.ts";
import { helpFlag, nextStep } from "../../src/cli/help.ts";
import { styleFor } from "../../src/cli/terminal.ts";
import { isolatedContext, type CliResult } from "./run-cli.ts";

const root = buildRouteMap({ routes: { plan: planRoutes }, docs: { brief: "keyweir" } });

/** Runs `keyweir plan …` in isolation; reads and writes `files`. */
export async function runPlan(
  commandLine: string,
  changes?: Partial<CliContext>,
  files?: Record<string, string>,
): Promise<CliResult> {
  const { context, printed } = isolatedContext(changes, files);
  const inputs = ["plan", ...commandLine.split(" ").filter(Boolean)];
  const app = buildApplication<CliContext>(
    root,
    {
      name: "keyweir",
      scanner: { caseStyle: "allow-kebab-for-camel" },
      localization: { text: errorText(styleFor(false), false) },
      determineExitCode: exitCodeOfError,
    },
    { help: helpFlag(context.isColor) },
  );
  await run(app, inputs, context);
  const code = exitCodeOfRun(Number(context.process.exitCode ?? exitCode.success));
  if (code === exitCode.wrongUsage) context.process.stderr.write(`Try: ${nextStep(root, inputs)}\n`);
  return { exitCode: code, ...printed() };
}
