import { cloudVaultDomains } from "./cloud-host.ts";

/** Suffixes under which a vault answers: the emulator's own and the clouds' real ones, for redirected clients. */
const vaultSuffixes = ["vault.localhost", ...cloudVaultDomains] as const;

/** The resource that tokens for Key Vault of the public cloud name. */
const publicResource = "https://vault.azure.net";

/** The vault that a Host header names (`demo.vault.localhost:8443` → `demo`), or undefined. */
export function vaultNameOf(host: string): string | undefined {
  const hostname = hostnameOf(host);
  const dot = hostname.indexOf(".");
  if (dot <= 0) return undefined;
  const suffix = hostname.slice(dot + 1);
  return vaultSuffixes.some((known) => known === suffix) ? hostname.slice(0, dot) : undefined;
}

/**
 * The resource that a challenge names: the host without its first label, with its port, because the SDKs for Go and
 * Python compare hosts with ports.
 */
export function resourceOf(host: string): string {
  return `https://${host.slice(host.indexOf(".") + 1)}`;
}

/** Whether a token for `audience` may be used on a vault of this host. Ports do not matter. */
export function isAudienceOf(audience: string, host: string): boolean {
  if (audience === publicResource) return true;
  if (!audience.startsWith("https://")) return false;
  return hostnameOf(audience.slice("https://".length)) === hostnameOf(host.slice(host.indexOf(".") + 1));
}

/** A host without its port. */
function hostnameOf(host: string): string {
  if (host.startsWith("[")) return host.slice(0, host.indexOf("]") + 1);
  const colon = host.lastIndexOf(":");
  return colon < 0 ? host : host.slice(0, colon);
}
