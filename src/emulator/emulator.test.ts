import { ManagedIdentityCredential } from "@azure/identity";
import { SecretClient } from "@azure/keyvault-secrets";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../core/random.ts";
import { VirtualClock } from "../core/virtual-clock.ts";
import { canaryValue, expectNoCanary } from "../../test/support/canary.ts";
import { namesIn, sdkOf } from "../../test/support/emulator-sdk.ts";
import { handlerHttpClient } from "./handler-http-client.ts";
import { createEmulator, type AuditRecord, type Emulator, type EmulatorOptions } from "./index.ts";

function newEmulator(options: Partial<EmulatorOptions> = {}): Emulator {
  return createEmulator({ vaults: ["demo", "other"], random: seededRandom(1), ...options });
}

function clientOf(emulator: Emulator, vault = "demo"): SecretClient {
  const { url, credential, options } = sdkOf(emulator, vault);
  return new SecretClient(url, credential, options);
}

describe("the official SDK, unmodified, against the emulator in-process", () => {
  test("creates, reads, updates, lists, deletes, recovers and purges a secret", async () => {
    const emulator = newEmulator();
    const client = clientOf(emulator);

    const set = await client.setSecret("db", canaryValue, {
      contentType: "text/plain",
      tags: { team: "shop" },
    });
    expect(set.properties.version).toMatch(/^[0-9a-f]{32}$/);
    expect(set.properties.id).toBe(`https://demo.vault.localhost/secrets/db/${set.properties.version}`);

    const second = await client.setSecret("DB", "second");
    expect((await client.getSecret("db")).value).toBe("second");
    expect((await client.getSecret("db", { version: set.properties.version! })).value).toBe(canaryValue);

    const updated = await client.updateSecretProperties("db", second.properties.version!, {
      contentType: "application/json",
    });
    expect(updated.contentType).toBe("application/json");
    expect(updated.recoveryLevel).toBe("Recoverable+Purgeable");

    expect(await namesIn(client.listPropertiesOfSecrets())).toEqual(["db"]);
    expect(await namesIn(client.listPropertiesOfSecretVersions("db"))).toEqual(["db", "db"]);
    expect(await namesIn(client.listPropertiesOfSecretVersions("absent"))).toEqual([]);

    const poller = await client.beginDeleteSecret("db", { intervalInMs: 1 });
    const deleted = await poller.pollUntilDone();
    expect(deleted.recoveryId).toBe("https://demo.vault.localhost/deletedsecrets/db");
    expect(deleted.scheduledPurgeDate!.getTime() - deleted.deletedOn!.getTime()).toBe(90 * 86_400_000);
    await expect(client.getSecret("db")).rejects.toMatchObject({ statusCode: 404, code: "SecretNotFound" });
    await expect(client.setSecret("db", "again")).rejects.toMatchObject({
      statusCode: 409,
      code: "Conflict",
    });
    expect(await namesIn(client.listDeletedSecrets())).toEqual(["db"]);

    const recovered = await (
      await client.beginRecoverDeletedSecret("db", { intervalInMs: 1 })
    ).pollUntilDone();
    expect(recovered.name).toBe("db");
    expect((await client.getSecret("db")).value).toBe("second");

    await (await client.beginDeleteSecret("db", { intervalInMs: 1 })).pollUntilDone();
    await client.purgeDeletedSecret("db");
    await expect(client.getDeletedSecret("db")).rejects.toMatchObject({ statusCode: 404 });
    expect((await client.setSecret("db", "reborn")).value).toBe("reborn");
  });

  test("reads every page of a list, also when pages without items stand in between", async () => {
    const emulator = newEmulator({ emptyPages: true });
    for (let index = 0; index < 60; index++) emulator.vault("demo").setSecret(`s-${index}`, canaryValue);
    const pages: number[] = [];
    for await (const page of clientOf(emulator).listPropertiesOfSecrets().byPage({ maxPageSize: 20 })) {
      pages.push(page.length);
    }
    expect(pages).toEqual([20, 0, 20, 0, 20]);
    expect(emulator.vault("demo").counts().byOperation).toEqual({ Authentication: 1, SecretList: 5 });
  });

  test("backs a secret up and restores it in another vault, under its name only if that is free", async () => {
    const emulator = newEmulator();
    const client = clientOf(emulator);
    await client.setSecret("db", canaryValue);
    await client.setSecret("db", "second");
    const backup = (await client.backupSecret("db"))!;
    expectNoCanary(Buffer.from(backup).toString());
    await expect(client.restoreSecretBackup(backup)).rejects.toMatchObject({ statusCode: 409 });
    const other = clientOf(emulator, "other");
    await other.restoreSecretBackup(backup);
    expect((await other.getSecret("db")).value).toBe("second");
    expect(emulator.vault("other").secretVersions("db")).toHaveLength(2);
    await expect(other.restoreSecretBackup(backup.reverse())).rejects.toMatchObject({ statusCode: 400 });
  });

  test("keeps a deleted secret in between for the delete latency", async () => {
    const clock = new VirtualClock();
    const emulator = newEmulator({ clock, deleteLatencyMs: 7_000 });
    emulator.vault("demo").setSecret("db", canaryValue);
    const client = clientOf(emulator);
    await client.beginDeleteSecret("db");
    await expect(client.getSecret("db")).rejects.toMatchObject({ statusCode: 404 });
    await expect(client.getDeletedSecret("db")).rejects.toMatchObject({
      statusCode: 404,
      message: expect.stringContaining("Deleted Secret not found: db"),
    });
    await expect(client.setSecret("db", "x")).rejects.toMatchObject({
      statusCode: 409,
      message: expect.stringContaining("being deleted"),
    });
    await clock.advance(7_000);
    expect((await client.getDeletedSecret("db")).name).toBe("db");
    await client.beginRecoverDeletedSecret("db");
    await expect(client.getSecret("db")).rejects.toMatchObject({ statusCode: 404 });
    await clock.advance(7_000);
    expect((await client.getSecret("db")).value).toBe(canaryValue);
  });

  test("refuses a disabled secret as Forbidden, which an inner code explains", async () => {
    const emulator = newEmulator();
    emulator.vault("demo").setSecret("db", canaryValue, { enabled: false });
    await expect(clientOf(emulator).getSecret("db")).rejects.toMatchObject({
      statusCode: 403,
      code: "Forbidden",
      details: { error: { innerError: { code: "SecretDisabled" } } },
    });
  });

  test("serves expired and not yet valid secrets, and empty ones", async () => {
    const emulator = newEmulator();
    emulator.vault("demo").setSecret("old", "", { expires: 1, notBefore: 0 });
    const secret = await clientOf(emulator).getSecret("old");
    expect(secret.value).toBe("");
    expect(secret.properties.expiresOn).toEqual(new Date(1000));
  });

  test("takes one challenge and one token for a client, however many reads follow", async () => {
    const emulator = newEmulator();
    emulator.vault("demo").setSecret("db", canaryValue);
    const client = clientOf(emulator);
    for (let index = 0; index < 5; index++) await client.getSecret("db");
    expect(emulator.vault("demo").counts().byStatus).toEqual({ 200: 5, 401: 1 });
    expect(emulator.authorityCounts().token).toBe(1);
  });

  test("takes managed-identity tokens", async () => {
    const emulator = newEmulator();
    emulator.vault("demo").setSecret("db", canaryValue);
    const credential = new ManagedIdentityCredential({
      clientId: emulator.clients[0]!.clientId,
      httpClient: handlerHttpClient(emulator.handler),
    });
    const client = new SecretClient("https://demo.vault.localhost", credential, {
      httpClient: handlerHttpClient(emulator.handler),
    });
    expect((await client.getSecret("db")).value).toBe(canaryValue);
    expect(emulator.authorityCounts().managedIdentity).toBeGreaterThan(0);
  });
});

describe("an emulator", () => {
  test("writes an audit record a request, in the exported form and without values", async () => {
    const records: AuditRecord[] = [];
    const emulator = newEmulator({
      clock: new VirtualClock(),
      onAuditRecord: (record) => records.push(record),
    });
    const client = clientOf(emulator);
    await client.setSecret("db", canaryValue);
    await expect(client.getSecret("absent")).rejects.toThrow("was not found");
    expect(records.map((each) => [each.operationName, each.resultType, each.resultSignature])).toEqual([
      ["Authentication", "Unauthorized", "Unauthorized"],
      ["SecretSet", "Success", "OK"],
      ["SecretGet", "NotFound", "Not Found"],
    ]);
    expect(records[1]).toMatchObject({
      time: "2026-01-01T00:00:00.000Z",
      category: "AuditEvent",
      callerIpAddress: "127.0.0.1",
      identity: { claim: { appid: emulator.clients[0]!.clientId, idtyp: "app" } },
      properties: {
        id: "https://demo.vault.localhost/secrets/db",
        httpStatusCode: 200,
        clientInfo: expect.stringContaining("azsdk-js-keyvault-secrets"),
      },
      operationVersion: "2026-04-01",
      durationMs: "0",
    });
    expect(records[1]!.resourceId).toMatch(/^\/SUBSCRIPTIONS\/.*\/VAULTS\/DEMO$/);
    expectNoCanary(JSON.stringify(records));
  });

  test("repeats exactly with one seed", async () => {
    const run = async () => {
      const records: AuditRecord[] = [];
      const emulator = newEmulator({
        clock: new VirtualClock(),
        onAuditRecord: (record) => records.push(record),
      });
      await clientOf(emulator).setSecret("db", canaryValue);
      return JSON.stringify([records, emulator.vault("demo").secretVersions("db")]);
    };
    expect(await run()).toBe(await run());
  });

  test("names the vaults that it has when asked for another", () => {
    expect(() => newEmulator().vault("shop")).toThrow("there is no vault shop");
    expect(() => newEmulator({ vaults: ["a"] })).toThrow("cannot name a vault");
    expect(() => newEmulator({ vaults: ["demo", "DEMO"] })).toThrow("named twice");
  });
});
