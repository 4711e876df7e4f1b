import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { port, retryAfter, type RetryAfterChoice, text } from "../flag-parsers.ts";
import { type OutputFormat, outputFlag } from "../long-running.ts";

/** What `keyweir emulator` takes. */
export interface EmulatorFlags {
  readonly port: number;
  readonly vaults: readonly string[];
  readonly profile: "azure-2026" | "legacy-2000" | "strict-second";
  readonly window: "fixed" | "sliding" | "ring";
  readonly retryAfter: RetryAfterChoice;
  readonly "count-429": boolean;
  readonly "count-401": boolean;
  readonly auditLog?: string;
  readonly capturePort?: number;
  readonly imdsPort?: number;
  readonly federation?: string;
  readonly output: OutputFormat;
}

/** The command and its flags; it runs run-emulator.ts. */
export const emulatorCommand = buildCommand<EmulatorFlags, [], CliContext>({
  loader: async () => (await import("./run-emulator.ts")).runEmulator,
  parameters: {
    flags: {
      port: {
        kind: "parsed",
        parse: port,
        default: "0",
        placeholder: "PORT",
        brief: "Port of all vaults, 0 for a free one",
      },
      vaults: {
        kind: "parsed",
        parse: text,
        variadic: ",",
        default: ["demo"],
        placeholder: "NAME,...",
        brief: "Names of the vaults",
      },
      profile: {
        kind: "enum",
        values: ["azure-2026", "legacy-2000", "strict-second"],
        default: "azure-2026",
        placeholder: "PROFILE",
        brief: "Whose service limits to enforce",
      },
      window: {
        kind: "enum",
        values: ["fixed", "sliding", "ring"],
        default: "fixed",
        placeholder: "KIND",
        brief: "How requests are counted against them",
      },
      retryAfter: {
        kind: "parsed",
        parse: retryAfter,
        default: "none",
        placeholder: "CHOICE",
        brief: "Retry-After of a 429: none, as the real service does it; window-end; or a number of seconds",
      },
      "count-429": { kind: "boolean", default: false, brief: "A 429 takes from the limit as well" },
      "count-401": { kind: "boolean", default: false, brief: "A 401 takes from the limit as well" },
      auditLog: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "FILE",
        brief: "Append a line per request, in the shape of Key Vault's exported AuditEvent log",
      },
      capturePort: {
        kind: "parsed",
        parse: port,
        optional: true,
        placeholder: "PORT",
        brief: "Proxy for unmodified clients with the real host names, 0 for a free port",
      },
      imdsPort: {
        kind: "parsed",
        parse: port,
        optional: true,
        placeholder: "PORT",
        brief: "Managed-identity endpoints over plain HTTP, 0 for a free port",
      },
      federation: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "FILE",
        brief: "YAML of the federated credentials, and of where their issuers' keys are",
      },
      output: outputFlag,
    },
  },
  docs: {
    brief: "Azure Key Vault on this machine, with its throttling",
    fullDescription: `Azure Key Vault on this machine: secrets, keys and certificates over HTTPS, an Entra token endpoint, and the throttling of the real service. The official SDKs work unmodified; give them the CA file that is printed. Loopback only.
With --capture-port, clients that cannot be configured ask for https://NAME.vault.azure.net and login.microsoftonline.com through HTTPS_PROXY, and get the emulator; any other host is refused and the network is never reached.
A federation file has credentials, a list of clientId, issuer, subject and audience (api://AzureADTokenExchange if absent), and issuers: for each its jwksFile or jwksUri. An issuer that is not listed is asked for its keys itself.
Examples:
keyweir emulator --vaults demo
keyweir emulator --port 8443 --vaults demo,other --audit-log audit.jsonl
keyweir emulator --profile strict-second --retry-after window-end --count-429
keyweir emulator --capture-port 0 --imds-port 0 --federation federation.yaml
keyweir emulator --output json | jq .vaults`,
  },
});
