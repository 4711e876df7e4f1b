import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { httpsUrl, port, text, vaultBudget } from "../flag-parsers.ts";
import {
  bindAddressFlag,
  type LogLevel,
  logLevelFlag,
  type OutputFormat,
  outputFlag,
} from "../long-running.ts";

/** What `keyweir provider` takes. */
export interface ProviderFlags {
  readonly socket: string;
  readonly authority?: string;
  readonly vaultSuffix?: string;
  readonly caFile?: string;
  readonly vaultBudget: number;
  readonly bindAddress: string;
  readonly healthzPort?: number;
  readonly logLevel: LogLevel;
  readonly output: OutputFormat;
}

/** The command and its flags; it runs run-provider.ts. */
export const providerCommand = buildCommand<ProviderFlags, [], CliContext>({
  loader: async () => (await import("./run-provider.ts")).runProvider,
  parameters: {
    flags: {
      socket: {
        kind: "parsed",
        parse: text,
        default: "/tmp/azure.sock",
        placeholder: "PATH",
        brief: "Unix socket to serve",
      },
      authority: {
        kind: "parsed",
        parse: httpsUrl,
        optional: true,
        placeholder: "URL",
        brief: "Entra's address, instead of the one of the cloud that the parameters name",
      },
      vaultSuffix: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "DOMAIN",
        brief: "Domain of the vaults, with its port: vault.localhost:8443",
      },
      caFile: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "FILE",
        brief: "PEM certificates to trust besides the usual ones",
      },
      vaultBudget: {
        kind: "parsed",
        parse: vaultBudget,
        default: "10%",
        placeholder: "SHARE",
        brief: "What it may ask of one vault: a share of the vault's limit, or requests per 10 s",
      },
      bindAddress: bindAddressFlag,
      healthzPort: {
        kind: "parsed",
        parse: port,
        optional: true,
        placeholder: "PORT",
        brief: "Serve /healthz and /readyz on this port",
      },
      logLevel: logLevelFlag,
      output: outputFlag,
    },
  },
  docs: {
    brief: "The provider: reads Key Vault for the controller",
    fullDescription: `The provider of the Secrets Store CSI protocol (v1alpha1) on a unix socket. It alone speaks to Key Vault; the controller of the same pod, or the Secrets Store CSI driver, asks it for the objects of a SecretProviderClass.
Examples:
keyweir provider --socket /run/keyweir/azure.sock
keyweir provider --ca-file ./ca.pem --vault-suffix vault.localhost:8443`,
  },
});
