import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { text, wholeNumber } from "../flag-parsers.ts";
import { type OutputFormat, outputFlag } from "../long-running.ts";

/** What `keyweir demo` takes. */
export interface DemoFlags {
  readonly once: boolean;
  readonly examples?: string;
  readonly rotationPollIntervalInSeconds: number;
  readonly output: OutputFormat;
}

/** The command and its flags; it runs ../demo/run-demo.ts. */
export const demoCommand = buildCommand<DemoFlags, [], CliContext>({
  loader: async () => (await import("../demo/run-demo.ts")).runDemo,
  parameters: {
    flags: {
      once: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "End after the first round; exit code 1 if a SecretSync is not Ready",
      },
      examples: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "FOLDER",
        brief: "Apply the YAML files of this folder instead of examples/",
      },
      rotationPollIntervalInSeconds: {
        kind: "parsed",
        parse: wholeNumber(1, 3600),
        default: "30",
        placeholder: "SECONDS",
        brief: "How often the controller compares with the vault",
      },
      output: outputFlag,
    },
  },
  docs: {
    brief: "A vault, a cluster and the operator, all on this machine",
    fullDescription: `A vault, a cluster and the operator in one process: applies examples/, shows how secrets arrive, rotates one, and leaves everything running to play with. Loopback only; Ctrl-C removes every trace.
Examples:
keyweir demo
keyweir demo --once
keyweir demo --output json`,
  },
});
