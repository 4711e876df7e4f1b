import type { EmulatorServer } from "../../emulator/index.ts";
import { alignColumns, type Style } from "../terminal.ts";
import type { EmulatorFlags } from "./emulator.ts";

/** What `keyweir emulator` says in JSON when it is ready. */
export function readyFields(server: EmulatorServer, caFile: string): Record<string, unknown> {
  const { tenantId, clients, identityHeader } = server.emulator;
  const { proxyUrl, imdsUrl } = server;
  return {
    vaults: vaultOrigins(server),
    authority: server.authorityUrl.origin,
    tenantId,
    clients,
    caFile,
    ...(proxyUrl === undefined ? {} : { proxy: proxyUrl.origin }),
    ...(imdsUrl === undefined
      ? {}
      : {
          imds: imdsUrl.origin,
          identity: { endpoint: appServiceEndpoint(imdsUrl), header: identityHeader },
        }),
  };
}

/** The same for people: addresses first, then the variables that a person would copy. */
export function readyLines(
  server: EmulatorServer,
  caFile: string,
  { profile, window }: EmulatorFlags,
  style: Style,
): readonly string[] {
  const { tenantId, clients } = server.emulator;
  return [
    `${style.strong("Key Vault emulator")}: ${profile} limits, ${window} window; not for production`,
    "",
    ...alignColumns([
      ...Object.values(vaultOrigins(server)).map((url, index) => [index === 0 ? "  vaults" : "", url]),
      ["  authority", server.authorityUrl.origin],
      ["  tenant", tenantId],
      ...clients.flatMap(({ clientId, clientSecret }) => [
        ["  client", clientId],
        ["  client secret", clientSecret],
      ]),
      ["  CA file", caFile],
    ]),
    ...proxyLines(server.proxyUrl, caFile, style),
    ...identityLines(server, style),
    "",
    style.quiet("Ctrl-C ends it and forgets every secret."),
  ];
}

function proxyLines(proxyUrl: URL | undefined, caFile: string, style: Style): readonly string[] {
  if (proxyUrl === undefined) return [];
  const proxy = `HTTPS_PROXY=${proxyUrl.origin}`;
  return [
    "",
    `${style.strong("Unmodified clients")} ask for https://NAME.vault.azure.net with these variables:`,
    ...alignColumns([
      ["  Node", `${proxy} NODE_EXTRA_CA_CERTS=${caFile}`],
      ["  Python", `${proxy} REQUESTS_CA_BUNDLE=${caFile}`],
      ["  Go", `${proxy} SSL_CERT_FILE=${caFile}`],
    ]),
  ];
}

function identityLines({ imdsUrl, proxyUrl, emulator }: EmulatorServer, style: Style): readonly string[] {
  if (imdsUrl === undefined) return [];
  // The SDK for JavaScript sends plain HTTP through HTTPS_PROXY too.
  const direct = proxyUrl === undefined ? "" : ` NO_PROXY=${imdsUrl.hostname}`;
  return [
    "",
    `${style.strong("Managed identity")}, as on a virtual machine or in App Service:`,
    `  AZURE_POD_IDENTITY_AUTHORITY_HOST=${imdsUrl.origin}${direct}`,
    `  IDENTITY_ENDPOINT=${appServiceEndpoint(imdsUrl)} IDENTITY_HEADER=${emulator.identityHeader}${direct}`,
  ];
}

function appServiceEndpoint(imdsUrl: URL): string {
  return new URL("/msi/token", imdsUrl).href;
}

function vaultOrigins({ vaultUrls }: EmulatorServer): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(vaultUrls).map(([name, url]) => [name, url.origin]));
}
