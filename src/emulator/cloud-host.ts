/** Under which domains the vaults of the clouds have their hosts. */
export const cloudVaultDomains = ["vault.azure.net", "vault.azure.cn", "vault.usgovcloudapi.net"] as const;

/** The hosts of Entra's token endpoint in the public cloud, the Chinese one and that of the US government. */
const cloudAuthorityHosts = [
  "login.microsoftonline.com",
  "login.windows.net",
  "login.chinacloudapi.cn",
  "login.partner.microsoftonline.cn",
  "login.microsoftonline.us",
] as const;

/** What {@link isCloudHost} accepts, in the form of certificate names: `*.vault.azure.net`. */
export const cloudHostPatterns: readonly string[] = [
  ...cloudVaultDomains.map((domain) => `*.${domain}`),
  ...cloudAuthorityHosts,
];

/** Whether the emulator stands in for this host, written in lower case and without port. A vault is one label. */
export function isCloudHost(host: string): boolean {
  const domain = host.slice(host.indexOf(".") + 1);
  const isVault = cloudVaultDomains.some((each) => each === domain) && /^[a-z0-9-]+\./.test(host);
  return isVault || cloudAuthorityHosts.some((each) => each === host);
}
