import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";

/** `keyweir crds`; it runs run-crds.ts. */
export const crdsCommand = buildCommand<object, [], CliContext>({
  loader: async () => (await import("./run-crds.ts")).runCrds,
  parameters: {},
  docs: {
    brief: "The resource definitions to install in a cluster",
    fullDescription: `Prints the CustomResourceDefinitions of SecretSync and SecretProviderClass as YAML.
Examples:
keyweir crds | kubectl apply -f -`,
  },
});
