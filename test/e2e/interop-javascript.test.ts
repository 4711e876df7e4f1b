import dns from "node:dns";
import { setDefaultCACertificates } from "node:tls";
import { ClientSecretCredential } from "@azure/identity";
import { CertificateClient } from "@azure/keyvault-certificates";
import { CryptographyClient, KeyClient } from "@azure/keyvault-keys";
import { SecretClient } from "@azure/keyvault-secrets";
import { SecretClient as SecretClient40 } from "keyvault-secrets-4.0";
import { SecretClient as SecretClient43 } from "keyvault-secrets-4.3";
import { SecretClient as SecretClient47 } from "keyvault-secrets-4.7";
import { SecretClient as SecretClient49 } from "keyvault-secrets-4.9";
import { SecretClient as SecretClient411 } from "keyvault-secrets-4.11";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canaryValue } from "../support/canary.ts";
import { startFlowScene, type FlowScene } from "../support/flow-scene.ts";
import { liveCertificates, liveKeys, liveSecret } from "../support/javascript-sdk-flows.ts";
import { certificateLife, keyLife, secretLife } from "../support/sdk-expectations.ts";

/** One of each generation of its HTTP pipeline and of its generated code. */
const lines = [
  ["4.0", SecretClient40],
  ["4.3", SecretClient43],
  ["4.7", SecretClient47],
  ["4.9", SecretClient49],
  ["4.11", SecretClient411],
  ["4.12", SecretClient],
] as const;
const vaultOf = (line: string) => `line-${line.replace(".", "-")}`;

let scene: FlowScene;
let credential: ClientSecretCredential;
const systemLookup = dns.lookup;

/** *.localhost does not resolve everywhere. */
const lookupLoopback = ((_host: string, options: dns.LookupOptions, done: (...found: unknown[]) => void) =>
  options.all === true
    ? done(null, [{ address: "127.0.0.1", family: 4 }])
    : done(null, "127.0.0.1", 4)) as never;

/** The SDK itself is told nothing but addresses: the first lines have no option for a certificate authority. */
beforeAll(async () => {
  scene = await startFlowScene([...lines.map(([line]) => vaultOf(line)), "keys", "certificates"]);
  setDefaultCACertificates([scene.server.caPem]);
  dns.lookup = lookupLoopback;
  const { emulator, authorityUrl } = scene.server;
  const { clientId, clientSecret } = emulator.clients[0]!;
  credential = new ClientSecretCredential(emulator.tenantId, clientId, clientSecret, {
    authorityHost: authorityUrl.href,
    disableInstanceDiscovery: true,
  });
});
afterAll(async () => {
  dns.lookup = systemLookup;
  await scene?.[Symbol.asyncDispose]();
});

const urlOf = (vault: string) => scene.server.vaultUrls[vault]!.href;

describe("the SDK for JavaScript", () => {
  test.each(lines)("%s goes through the life of a secret", async (line, Client) => {
    const client = new Client(urlOf(vaultOf(line)), credential) as unknown as SecretClient;
    expect(await liveSecret(client, canaryValue)).toEqual(secretLife);
  });

  test("goes through the life of keys", async () => {
    const keys = new KeyClient(urlOf("keys"), credential);
    expect(await liveKeys(keys, (key) => new CryptographyClient(key, credential))).toEqual(keyLife);
  });

  test("goes through the life of certificates", async () => {
    const url = urlOf("certificates");
    const certificates = new CertificateClient(url, credential);
    expect(await liveCertificates(certificates, new SecretClient(url, credential))).toEqual(certificateLife);
  });
});
