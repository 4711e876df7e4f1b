import { UserError } from "../core/errors.ts";
import { member, parseJson } from "./json.ts";

/** Where a cloud's vaults and identities live. Immutable; nothing about clouds is kept process-wide. */
export interface Cloud {
  readonly name: string;
  /** Entra's address without a slash at the end: `https://login.microsoftonline.com`. */
  readonly authorityUrl: string;
  /** What follows a vault's name in its host name: `vault.azure.net`; a port may follow. */
  readonly vaultDnsSuffix: string;
  /** The audience of tokens: `https://vault.azure.net`. */
  readonly vaultResource: string;
}

/** The clouds of the Azure provider's `cloudName`; an AzureStackCloud comes from its file ({@link parseCloudFile}). */
const knownClouds: readonly Cloud[] = [
  cloud("AzurePublicCloud", "https://login.microsoftonline.com", "vault.azure.net"),
  cloud("AzureUSGovernmentCloud", "https://login.microsoftonline.us", "vault.usgovcloudapi.net"),
  cloud("AzureChinaCloud", "https://login.chinacloudapi.cn", "vault.azure.cn"),
  cloud("AzureGermanCloud", "https://login.microsoftonline.de", "vault.microsoftazure.de"),
];

/** The cloud when nothing is said. */
export const azurePublicCloud: Cloud = knownClouds[0]!;

/** A cloud by its name, in any letter case. AzureStackCloud needs `stackFileText`, its environment file. */
export function cloudByName(name: string, stackFileText?: string): Cloud {
  const wanted = name.trim().toLowerCase();
  if (wanted === "azurestackcloud") {
    if (stackFileText !== undefined) return parseCloudFile(stackFileText);
    throw new UserError(
      "cloudName AzureStackCloud needs an environment file.",
      "Set cloudEnvFileName to a JSON file with name, activeDirectoryEndpoint, keyVaultEndpoint and keyVaultDNSSuffix.",
    );
  }
  const found = knownClouds.find((known) => known.name.toLowerCase() === wanted);
  if (found !== undefined) return found;
  throw new UserError(
    `cloudName ${JSON.stringify(name.slice(0, 64))} is not valid.`,
    `Use one of ${knownClouds.map((known) => known.name).join(", ")}, AzureStackCloud.`,
  );
}

/**
 * A cloud with addresses of one's own, such as the emulator's. `vaultDnsSuffix` may carry a port
 * (`vault.localhost:8443`); `authorityUrl` must be https.
 */
export function customCloud(settings: {
  readonly name?: string;
  readonly authorityUrl: string;
  readonly vaultDnsSuffix: string;
  readonly vaultResource?: string;
}): Cloud {
  const authority = parseHttpsUrl("activeDirectoryEndpoint", settings.authorityUrl);
  const suffix = settings.vaultDnsSuffix.replace(/^\./, "");
  const resource = settings.vaultResource ?? `https://${suffix}`;
  parseHttpsUrl("keyVaultDNSSuffix", `https://${suffix}`);
  parseHttpsUrl("keyVaultEndpoint", resource);
  return cloud(
    settings.name ?? "AzureStackCloud",
    `${authority.origin}${authority.pathname}`.replace(/\/+$/, ""),
    suffix,
    resource.replace(/\/+$/, ""),
  );
}

/** Reads the environment file of an AzureStackCloud: JSON with the field names of the Azure provider's. */
export function parseCloudFile(text: string): Cloud {
  const file = parseJson(text);
  if (typeof file !== "object" || file === null || Array.isArray(file)) {
    throw new UserError(
      "The cloud environment file is not a JSON object.",
      'Write { "name": "AzureStackCloud", … }.',
    );
  }
  const name = member(file, "name");
  const resource = member(file, "keyVaultEndpoint");
  return customCloud({
    ...(typeof name === "string" ? { name } : {}),
    authorityUrl: textField(file, "activeDirectoryEndpoint"),
    vaultDnsSuffix: textField(file, "keyVaultDNSSuffix"),
    ...(typeof resource === "string" && resource !== "" ? { vaultResource: resource } : {}),
  });
}

/** `https://<name>.<suffix>`. The name must be checked already: 3 to 24 letters, digits and hyphens. */
export function vaultUrlOf(cloud: Cloud, vaultName: string): string {
  return `https://${vaultName.toLowerCase()}.${cloud.vaultDnsSuffix}`;
}

function cloud(name: string, authorityUrl: string, vaultDnsSuffix: string, vaultResource?: string): Cloud {
  return Object.freeze({
    name,
    authorityUrl,
    vaultDnsSuffix,
    vaultResource: vaultResource ?? `https://${vaultDnsSuffix}`,
  });
}

function textField(file: object, name: string): string {
  const value = member(file, name);
  if (typeof value === "string" && value !== "") return value;
  throw new UserError(
    `The cloud environment file has no text in the field ${name}.`,
    `Add "${name}" with the address of your Azure Stack.`,
  );
}

function parseHttpsUrl(field: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:" && url.username === "" && url.password === "") return url;
  throw new UserError(
    `${field} does not name an https address.`,
    "Write it like https://login.example.com/.",
  );
}
