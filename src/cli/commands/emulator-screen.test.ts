import { expect, test } from "vitest";
import { createEmulator, type EmulatorServer } from "../../emulator/index.ts";
import { styleFor } from "../terminal.ts";
import type { EmulatorFlags } from "./emulator.ts";
import { readyFields, readyLines } from "./emulator-screen.ts";

const flags = { profile: "azure-2026", window: "fixed" } as EmulatorFlags;

function server(changes: Partial<EmulatorServer>): EmulatorServer {
  return {
    emulator: createEmulator({ vaults: ["demo"], identityHeader: "a-header" }),
    vaultUrls: { demo: new URL("https://demo.vault.localhost:8443") },
    authorityUrl: new URL("https://localhost:8443"),
    ...changes,
  } as EmulatorServer;
}

const linesOf = (changes: Partial<EmulatorServer>) =>
  readyLines(server(changes), "/ca.pem", flags, styleFor(false)).join("\n");

const proxyUrl = new URL("http://127.0.0.1:3128");
const imdsUrl = new URL("http://127.0.0.1:4000");

test("a proxy is shown as the variables to copy, by language", () => {
  expect(linesOf({ proxyUrl })).toContain(
    `
  Node    HTTPS_PROXY=http://127.0.0.1:3128 NODE_EXTRA_CA_CERTS=/ca.pem
  Python  HTTPS_PROXY=http://127.0.0.1:3128 REQUESTS_CA_BUNDLE=/ca.pem
  Go      HTTPS_PROXY=http://127.0.0.1:3128 SSL_CERT_FILE=/ca.pem
`,
  );
});

test("managed identity is shown in both forms, past the proxy if there is one", () => {
  const imds = "AZURE_POD_IDENTITY_AUTHORITY_HOST=http://127.0.0.1:4000";
  const appService = "IDENTITY_ENDPOINT=http://127.0.0.1:4000/msi/token IDENTITY_HEADER=a-header";
  expect(linesOf({ imdsUrl })).toContain(`\n  ${imds}\n  ${appService}\n`);
  expect(linesOf({ imdsUrl, proxyUrl })).toContain(
    `\n  ${imds} NO_PROXY=127.0.0.1\n  ${appService} NO_PROXY=127.0.0.1\n`,
  );
});

test("what is not asked for is not shown", () => {
  expect(linesOf({})).not.toMatch(/PROXY|IDENTITY/);
  expect(Object.keys(readyFields(server({}), "/ca.pem"))).toEqual([
    "vaults",
    "authority",
    "tenantId",
    "clients",
    "caFile",
  ]);
});
