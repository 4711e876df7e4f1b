import { buildCommand } from "@stricli/core";
import type { SettingsInput } from "../../operator/settings.ts";
import type { CliContext } from "../context.ts";
import { port, text, wholeNumber } from "../flag-parsers.ts";
import {
  bindAddressFlag,
  type LogLevel,
  logLevelFlag,
  type OutputFormat,
  outputFlag,
} from "../long-running.ts";

/** What `keyweir controller` takes: the settings under their own names, and how to reach what it works with. */
export interface ControllerFlags extends SettingsInput {
  readonly kubeconfig?: string;
  readonly providerSocket: string;
  readonly config?: string;
  readonly leaderElect: boolean;
  readonly bindAddress: string;
  readonly healthPort?: number;
  readonly metricsPort?: number;
  readonly logLevel: LogLevel;
  readonly output: OutputFormat;
}

const number = (brief: string, placeholder: string, minimum: number, maximum: number) =>
  ({ kind: "parsed", parse: wholeNumber(minimum, maximum), optional: true, placeholder, brief }) as const;
const value = (brief: string, placeholder: string) =>
  ({ kind: "parsed", parse: text, optional: true, placeholder, brief }) as const;
const values = (brief: string, placeholder: string) =>
  ({ kind: "parsed", parse: text, variadic: ",", optional: true, placeholder, brief }) as const;

const yearSeconds = 31_536_000;

/** The command and its flags; it runs run-controller.ts. */
export const controllerCommand = buildCommand<ControllerFlags, [], CliContext>({
  loader: async () => (await import("./run-controller.ts")).runController,
  parameters: {
    flags: {
      kubeconfig: value("The cluster; without it KUBECONFIG, then the pod's own service account", "FILE"),
      providerSocket: {
        kind: "parsed",
        parse: text,
        default: "/tmp/azure.sock",
        placeholder: "PATH",
        brief: "Unix socket of the provider",
      },
      config: value("YAML file with any of the settings below by name; flags win over it", "FILE"),
      leaderElect: {
        kind: "boolean",
        default: false,
        brief: "Work only while holding the Lease keyweir-leader, so that several replicas may run",
      },
      rotationPollIntervalInSeconds: number(
        "How often each SecretSync is compared with the vault (default 3600)",
        "SECONDS",
        1,
        yearSeconds,
      ),
      jitterSeconds: number(
        "A random delay up to this long comes before every synchronisation (default 0)",
        "SECONDS",
        0,
        yearSeconds,
      ),
      enablePartialSecretSync: {
        kind: "boolean",
        optional: true,
        brief: "Write the keys that could be fetched even if others could not (default yes)",
      },
      clusterId: value("Tells the clusters of a fleet apart, so that their polls do not align", "TEXT"),
      maxConcurrentSyncs: number("SecretSyncs worked on at a time (default 32)", "COUNT", 1, 1000),
      allowedSecretTypes: values(
        "Types of Secrets that may be written (default: the usual seven)",
        "TYPE,...",
      ),
      tokenAudiences: values(
        "Audiences of service account tokens (default api://AzureADTokenExchange)",
        "TEXT,...",
      ),
      namespace: value("The controller's own namespace (default azure-secret-store)", "NAME"),
      mountTimeoutInSeconds: number(
        "How long one call to the provider may take (default 60)",
        "SECONDS",
        1,
        3600,
      ),
      statusEveryPolls: number(
        "Write status once in so many polls without change (default 24)",
        "COUNT",
        1,
        1000,
      ),
      bindAddress: bindAddressFlag,
      healthPort: {
        kind: "parsed",
        parse: port,
        optional: true,
        placeholder: "PORT",
        brief: "Serve /healthz and /readyz on this port",
      },
      metricsPort: {
        kind: "parsed",
        parse: port,
        optional: true,
        placeholder: "PORT",
        brief: "Serve /metrics on this port",
      },
      logLevel: logLevelFlag,
      output: outputFlag,
    },
  },
  docs: {
    brief: "The controller: keeps Secrets in step with SecretSyncs",
    fullDescription: `The controller: watches SecretSyncs and SecretProviderClasses of a cluster and keeps their Secrets in step with the vault. It asks the provider for values and never speaks to Key Vault itself.
Examples:
keyweir controller --kubeconfig ~/.kube/config
keyweir controller --rotation-poll-interval-in-seconds 900 --jitter-seconds 75`,
  },
});
