/**
 * The command tree. Only flags and texts are loaded here; each command loads what it runs when it runs, so that help
 * and wrong usage answer at once.
 */
import { type Application, buildApplication, buildRouteMap, type Command, run, version } from "@stricli/core";
import { controllerCommand } from "./commands/controller.ts";
import { crdsCommand } from "./commands/crds.ts";
import { demoCommand } from "./commands/demo.ts";
import { emulatorCommand } from "./commands/emulator.ts";
import { planRoutes } from "./commands/plan/routes.ts";
import { providerCommand } from "./commands/provider.ts";
import { sandboxCommand } from "./commands/sandbox.ts";
import type { CliContext } from "./context.ts";
import { errorText, isDebug } from "./error-text.ts";
import { exitCode, exitCodeOfError, exitCodeOfRun } from "./exit-code.ts";
import { helpFlag, nextStep } from "./help.ts";
import { styleFor, takesColor } from "./terminal.ts";
import { packageVersion } from "./version.ts";

type Target = Application<CliContext>["root"];

const root = buildRouteMap({
  routes: {
    demo: demoCommand,
    emulator: emulatorCommand,
    sandbox: sandboxCommand,
    provider: providerCommand,
    controller: controllerCommand,
    crds: crdsCommand,
    plan: planRoutes,
  },
  docs: {
    brief: "keyweir keeps Kubernetes Secrets in step with Azure Key Vault without flooding the vault.",
    fullDescription: `keyweir keeps Kubernetes Secrets in step with Azure Key Vault without flooding the vault.
Examples:
keyweir demo
keyweir emulator --vaults demo
keyweir plan jitter --clusters 700 --secrets 30`,
  },
});

// The library looks flags up by plain property access: `--constructor` would find what every object inherits.
forEachCommand(root, ({ parameters }) => Object.setPrototypeOf(parameters.flags ?? {}, null));

/** Runs one command line and returns the exit code for the shell. Prints through the context alone; never throws. */
export async function runCli(inputs: readonly string[], context: CliContext): Promise<number> {
  const { stderr, env } = context.process;
  const text = errorText(styleFor(takesColor(stderr, env)), isDebug(env));
  const app = buildApplication<CliContext>(
    root,
    {
      name: "keyweir",
      scanner: { caseStyle: "allow-kebab-for-camel" },
      localization: { text },
      determineExitCode: exitCodeOfError,
    },
    {
      help: helpFlag(context.isColor),
      version: version({
        brief: "Print the version",
        info: { getCurrentVersion: async () => packageVersion() },
      }),
    },
  );
  await run(app, inputs, context);
  const code = exitCodeOfRun(Number(context.process.exitCode ?? exitCode.success));
  if (code === exitCode.wrongUsage) stderr.write(`Try: ${nextStep(root, inputs)}\n`);
  return code;
}

function forEachCommand(target: Target, visit: (command: Command<CliContext>) => void): void {
  if ("getAllEntries" in target) {
    for (const entry of target.getAllEntries()) forEachCommand(entry.target, visit);
  } else {
    visit(target);
  }
}
