import dns from "node:dns";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request as httpsRequest } from "node:https";
import { connect } from "node:tls";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setDefaultCACertificates } from "node:tls";
import { ClientSecretCredential } from "@azure/identity";
import { SecretClient } from "@azure/keyvault-secrets";
import { SecretClient as OldestSecretClient } from "keyvault-secrets-oldest";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startEmulator, type EmulatorServer } from "../../src/emulator/index.ts";
import { canaryValue, expectNoCanary } from "../support/canary.ts";
import { runPython } from "../support/python-environment.ts";

let server: EmulatorServer;
const auditLines: string[] = [];
const folder = mkdtempSync(join(tmpdir(), "keyweir-emulator-"));
const caFile = join(folder, "ca.pem");

beforeAll(async () => {
  server = await startEmulator({
    vaults: ["demo", "old", "python"],
    onAuditRecord: (record) => auditLines.push(JSON.stringify(record)),
  });
  writeFileSync(caFile, server.caPem);
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
  expectNoCanary(auditLines.join("\n"));
});

function urlOf(vault: string): string {
  return server.vaultUrls[vault]!.href;
}

/** Answers every look-up with the loopback address: *.localhost does not resolve everywhere. */
const lookupLoopback = ((_host: string, options: dns.LookupOptions, done: (...found: unknown[]) => void) =>
  options.all === true
    ? done(null, [{ address: "127.0.0.1", family: 4 }])
    : done(null, "127.0.0.1", 4)) as never;

describe("over TLS with nothing but CA and look-up set", () => {
  test("the newest SDK for JavaScript goes through the life of a secret", async () => {
    const agent = new Agent({ ca: server.caPem, lookup: lookupLoopback, keepAlive: true });
    const { clientId, clientSecret } = server.emulator.clients[0]!;
    const credential = new ClientSecretCredential(server.emulator.tenantId, clientId, clientSecret, {
      authorityHost: server.authorityUrl.href,
      disableInstanceDiscovery: true,
      agent,
    });
    expect(await liveSecret(new SecretClient(urlOf("demo"), credential, { agent }))).toEqual(wholeLife);
    agent.destroy();
  });

  test("the oldest SDK for JavaScript (4.0.4) goes through the life of a secret", async () => {
    setDefaultCACertificates([server.caPem]);
    const systemLookup = dns.lookup;
    dns.lookup = lookupLoopback;
    try {
      const { clientId, clientSecret } = server.emulator.clients[0]!;
      const credential = new ClientSecretCredential(server.emulator.tenantId, clientId, clientSecret, {
        authorityHost: server.authorityUrl.href,
        disableInstanceDiscovery: true,
      });
      const client = new OldestSecretClient(urlOf("old"), credential) as unknown as SecretClient;
      expect(await liveSecret(client)).toEqual(wholeLife);
    } finally {
      dns.lookup = systemLookup;
    }
  });

  test("the SDK for Python goes through the life of a secret", async () => {
    const { clientId, clientSecret } = server.emulator.clients[0]!;
    const args = [
      urlOf("python"),
      server.authorityUrl.href,
      server.emulator.tenantId,
      clientId,
      clientSecret,
      canaryValue,
    ];
    const output = await runPython("secret_flow.py", args, { REQUESTS_CA_BUNDLE: caFile });
    expectNoCanary(output);
    expect(JSON.parse(output)).toEqual({
      version: expect.stringMatching(/^[0-9a-f]{32}$/),
      read: true,
      disabled: 403,
      versions: 2,
      listed: 31,
      afterDelete: 404,
      nameTaken: 409,
      deleted: ["py"],
      recovered: "second",
      purged: 404,
      restored: "py",
    });
  });
});

const wholeLife = {
  created: canaryValue,
  contentTypeOfFirst: "text/html",
  versions: 2,
  afterDelete: 404,
  recovered: "second",
  leftDeleted: 0,
};

async function liveSecret(client: SecretClient): Promise<typeof wholeLife> {
  const set = await client.setSecret("db", canaryValue, {
    contentType: "text/plain",
    tags: { team: "shop" },
  });
  const version = set.properties.version!;
  const created = (await client.getSecret("db")).value!;
  await client.updateSecretProperties("db", version, { contentType: "text/html" });
  await client.setSecret("db", "second");
  const contentTypeOfFirst = (await client.getSecret("db", { version })).properties.contentType!;
  const versions = await countOf(client.listPropertiesOfSecretVersions("db"));
  await (await client.beginDeleteSecret("db")).pollUntilDone();
  const afterDelete = await client.getSecret("db").then(
    () => 200,
    (error: { readonly statusCode: number }) => error.statusCode,
  );
  await (await client.beginRecoverDeletedSecret("db")).pollUntilDone();
  const recovered = (await client.getSecret("db")).value!;
  await (await client.beginDeleteSecret("db")).pollUntilDone();
  await client.purgeDeletedSecret("db");
  const leftDeleted = await countOf(client.listDeletedSecrets());
  return { created, contentTypeOfFirst, versions, afterDelete, recovered, leftDeleted };
}

async function countOf(items: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of items) count++;
  return count;
}

describe("the socket", () => {
  test("serves a vault by its address when the Host header names it", async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpsRequest(
        {
          host: "127.0.0.1",
          port: server.port,
          ca: server.caPem,
          path: "/secrets/db?api-version=7.6",
          headers: { host: `demo.vault.localhost:${server.port}` },
        },
        (response) => {
          response.resume().on("end", () => resolve(response.statusCode));
        },
      );
      request.on("error", reject).end();
    });
    expect(status).toBe(401);
  });

  test("breaks the connection when a fault says so, and serves the next one", async () => {
    const fault = server.emulator.faults.add({ kind: "connection-error", targets: ["authority"] });
    await expect(getText("/common/discovery/instance")).rejects.toMatchObject({ code: "ECONNRESET" });
    fault[Symbol.dispose]();
    expect(await getText("/common/discovery/instance")).toContain("tenant_discovery_endpoint");
  });

  test.each([
    ["a header that is too large", `GET / HTTP/1.1\r\nhost: x\r\nx: ${"x".repeat(100_000)}\r\n\r\n`, "431"],
    ["no HTTP at all", `${canaryValue}\r\n\r\n`, "400"],
    ["no host", "GET /secrets HTTP/1.1\r\n\r\n", "400"],
    ["a host of nobody", "GET /secrets HTTP/1.1\r\nhost: ]]\r\nconnection: close\r\n\r\n", "404"],
    [
      "a body over the limit",
      `PUT /secrets/db HTTP/1.1\r\nhost: demo.vault.localhost\r\nconnection: close\r\ncontent-length: 5000000\r\n\r\n${"x".repeat(5_000_000)}`,
      "413",
    ],
  ])("answers %s with a client error and lives on", async (_what, text, status) => {
    const answer = await sendRaw(text);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expectNoCanary(answer);
    expect(await getText("/common/discovery/instance")).toContain("metadata");
  });

  test("says which port is taken", async () => {
    await expect(startEmulator({ vaults: ["demo"], port: server.port })).rejects.toThrow(
      `emulator: port ${server.port} on 127.0.0.1 is taken by another process.`,
    );
  });
});

async function getText(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      { host: "127.0.0.1", port: server.port, ca: server.caPem, path, headers: { host: "login.localhost" } },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk)).on("end", () => resolve(text));
      },
    );
    request.on("error", reject).end();
  });
}

async function sendRaw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port: server.port, ca: server.caPem });
    let answer = "";
    socket.setEncoding("utf8");
    socket.on("secureConnect", () => socket.write(text));
    socket.on("data", (chunk: string) => (answer += chunk));
    socket.on("error", (error) => (answer === "" ? reject(error) : resolve(answer)));
    socket.on("close", () => resolve(answer));
  });
}
