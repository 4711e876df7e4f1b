import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { port, text } from "../flag-parsers.ts";
import { type OutputFormat, outputFlag } from "../long-running.ts";

/** What `keyweir sandbox` takes. */
export interface SandboxFlags {
  readonly port: number;
  readonly kubeconfig?: string;
  readonly manifests: boolean;
  readonly output: OutputFormat;
}

/** The command and its flags; it runs run-sandbox.ts. */
export const sandboxCommand = buildCommand<SandboxFlags, [], CliContext>({
  loader: async () => (await import("./run-sandbox.ts")).runSandbox,
  parameters: {
    flags: {
      port: {
        kind: "parsed",
        parse: port,
        default: "0",
        placeholder: "PORT",
        brief: "Port of the API server, 0 for a free one",
      },
      kubeconfig: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "FILE",
        brief: "Where to write the kubeconfig; a temporary file if not given",
      },
      manifests: { kind: "boolean", default: true, brief: "Start without Keyweir's CRDs and namespace" },
      output: outputFlag,
    },
  },
  docs: {
    brief: "A Kubernetes API for development and tests",
    fullDescription: `A Kubernetes API server for the kinds that Keyweir needs, in memory. kubectl works against it. For development and tests, never for production; loopback only.
Examples:
keyweir sandbox
keyweir sandbox --port 6443 --kubeconfig ./sandbox.kubeconfig
kubectl --kubeconfig ./sandbox.kubeconfig get secretsync -A`,
  },
});
