import { readFileSync, statSync } from "node:fs";
import { systemCodeOf, UserError } from "../core/errors.ts";
import { cloudByName, parseCloudFile, type Cloud } from "../vault/clouds.ts";
import type { MountParameters } from "./parameters.ts";

export type ResolvedCloud =
  | { readonly kind: "valid"; readonly cloud: Cloud }
  | { readonly kind: "invalid"; readonly problem: string };

/**
 * The cloud that a class names, else `defaultCloud`. The file of an Azure Stack cloud is read anew for every Mount,
 * so that one class never sees another's; nothing of it is ever quoted.
 */
export function resolveCloud(
  { cloudName, cloudEnvFileName }: MountParameters,
  defaultCloud: Cloud,
): ResolvedCloud {
  if (cloudName === undefined) return { kind: "valid", cloud: defaultCloud };
  if (cloudName !== "AzureStackCloud") return { kind: "valid", cloud: cloudByName(cloudName) };
  if (cloudEnvFileName === undefined) {
    return {
      kind: "invalid",
      problem:
        "cloudName AzureStackCloud needs a file: set cloudEnvFileName to its path in the provider's container",
    };
  }
  try {
    return { kind: "valid", cloud: parseCloudFile(readSmallFile(cloudEnvFileName)) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { kind: "invalid", problem: `cloudEnvFileName: ${error.message} ${error.hint}` };
  }
}

const fileLimitBytes = 64 * 1024;

function readSmallFile(path: string): string {
  try {
    // Devices and pipes could block or never end.
    const file = statSync(path);
    if (file.isFile() && file.size <= fileLimitBytes) return readFileSync(path, "utf8");
  } catch (error) {
    if (systemCodeOf(error) === undefined) throw error;
  }
  throw new UserError(
    `There is no readable file of at most ${fileLimitBytes} bytes at this path.`,
    "Mount it into the provider's container, or correct the path.",
  );
}
