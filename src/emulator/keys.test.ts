import { generateKeyPairSync } from "node:crypto";
import { KeyClient } from "@azure/keyvault-keys";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../core/random.ts";
import { VirtualClock } from "../core/virtual-clock.ts";
import { expectNoCanary } from "../../test/support/canary.ts";
import { holdToken } from "../../test/support/emulator-requests.ts";
import { namesIn, sdkOf } from "../../test/support/emulator-sdk.ts";
import { createEmulator } from "./index.ts";

function newScene() {
  const emulator = createEmulator({
    vaults: ["demo", "other"],
    clock: new VirtualClock(),
    random: seededRandom(1),
  });
  const { url, credential, options } = sdkOf(emulator);
  return { emulator, client: new KeyClient(url, credential, options) };
}

describe("the official SDK for keys, unmodified", () => {
  test("creates, reads, updates, rotates, lists, deletes, recovers and purges a key", async () => {
    const { client } = newScene();
    const created = await client.createRsaKey("wrap", { keySize: 2048, tags: { team: "shop" } });
    expect(created.keyType).toBe("RSA");
    expect(created.keyOperations).toContain("wrapKey");
    expect(created.key!.n).toHaveLength(256);
    const rotated = await client.rotateKey("wrap");
    expect(rotated.properties.version).not.toBe(created.properties.version);
    expect(rotated.properties.tags).toEqual({ team: "shop" });
    expect((await client.getKey("wrap")).id).toBe(rotated.id);
    const updated = await client.updateKeyProperties("wrap", created.properties.version!, {
      enabled: false,
      keyOps: ["encrypt"],
    });
    expect([updated.properties.enabled, updated.keyOperations]).toEqual([false, ["encrypt"]]);
    expect(await namesIn(client.listPropertiesOfKeys())).toEqual(["wrap"]);
    expect(await namesIn(client.listPropertiesOfKeyVersions("wrap"))).toEqual(["wrap", "wrap"]);

    await (await client.beginDeleteKey("wrap", { intervalInMs: 1 })).pollUntilDone();
    await expect(client.getKey("wrap")).rejects.toMatchObject({ statusCode: 404, code: "KeyNotFound" });
    await (await client.beginRecoverDeletedKey("wrap", { intervalInMs: 1 })).pollUntilDone();
    await (await client.beginDeleteKey("wrap", { intervalInMs: 1 })).pollUntilDone();
    await client.purgeDeletedKey("wrap");
    expect(await namesIn(client.listDeletedKeys())).toEqual([]);
  });

  test.each(["P-256", "P-384", "P-521", "P-256K"])("creates a key on curve %s", async (curve) => {
    const { client } = newScene();
    const key = await client.createEcKey("sign", { curve, hsm: true });
    expect([key.keyType, key.key!.crv]).toEqual(["EC-HSM", curve]);
    expect(key.keyOperations).toEqual(["sign", "verify"]);
  });

  test("imports a private key, shows only its public half, and restores it elsewhere from a backup", async () => {
    const { emulator, client } = newScene();
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const jwk = privateKey.export({ format: "jwk" });
    const bytes = Object.fromEntries(
      ["n", "e", "d", "p", "q", "dp", "dq", "qi"].map((name) => [
        name,
        Buffer.from(String(jwk[name]), "base64url"),
      ]),
    );
    const imported = await client.importKey("mine", { kty: "RSA", keyOps: ["sign"], ...bytes });
    expect(Buffer.from(imported.key!.n!).toString("base64url")).toBe(jwk.n);
    expect(imported.key!.d).toBeUndefined();
    expect(imported.keyOperations).toEqual(["sign"]);
    const backup = (await client.backupKey("mine"))!;
    const { url, credential, options } = sdkOf(emulator, "other");
    const other = new KeyClient(url, credential, options);
    await other.restoreKeyBackup(backup);
    expect(Buffer.from((await other.getKey("mine")).key!.n!).toString("base64url")).toBe(jwk.n);
  });

  test("keeps a rotation policy", async () => {
    const { client } = newScene();
    await client.createEcKey("sign");
    const lifetimeActions = [{ action: "Rotate" as const, timeAfterCreate: "P30D" }];
    await client.updateKeyRotationPolicy("sign", { lifetimeActions, expiresIn: "P90D" });
    expect(await client.getKeyRotationPolicy("sign")).toMatchObject({ lifetimeActions, expiresIn: "P90D" });
  });
});

describe("the limits of keys", () => {
  test("count creates by protection and other operations by type and size", async () => {
    const { emulator, client } = newScene();
    await client.createEcKey("soft");
    await client.createEcKey("hard", { hsm: true });
    await client.getKey("soft");
    await client.getKey("hard");
    const vault = emulator.vault("demo");
    expect(vault.usedUnits("keyCreateSoftware")).toBe(1);
    expect(vault.usedUnits("keyCreateHsm")).toBe(1);
    expect(vault.usedUnits("keyUnits")).toBe(3);
  });

  test("refuse the 21st software key of a window", async () => {
    const { emulator } = newScene();
    const holder = await holdToken(emulator, "demo");
    const statuses: number[] = [];
    for (let index = 0; index < 21; index++) {
      statuses.push((await holder.send("POST", `/keys/k${index}/create`, { kty: "EC" })).status);
    }
    expect(statuses.filter((status) => status === 200)).toHaveLength(20);
    expect(statuses.at(-1)).toBe(429);
  });
});

describe("a wrong request for a key", () => {
  test.each([
    ["POST", "/keys/k/create", {}, "kty"],
    ["POST", "/keys/k/create", { kty: "oct" }, "kty"],
    ["POST", "/keys/k/create", { kty: "RSA", key_size: 1024 }, "key_size"],
    ["POST", "/keys/k/create", { kty: "EC", crv: "toString" }, "crv"],
    ["POST", "/keys/k/create", { kty: "EC", key_ops: "sign" }, "key_ops"],
    ["POST", "/keys/a_b/create", { kty: "EC" }, "invalid name"],
    ["PUT", "/keys/k", {}, "Property key"],
    ["PUT", "/keys/k", { key: { kty: "oct", k: "x" } }, "key.kty"],
    ["PUT", "/keys/k", { key: { kty: "RSA", n: "x", e: "AQAB", d: "canary" } }, "not a complete private key"],
    ["POST", "/keys/restore", { value: "x" }, "not a backup of a key"],
  ])("%s %s %j names what is wrong: %s", async (method, path, body, text) => {
    const { emulator } = newScene();
    const response = await (await holdToken(emulator, "demo")).send(method, path, body);
    const answer = await response.text();
    expect(response.status).toBe(400);
    expect(answer).toContain(text);
    expect(answer).not.toContain('"canary"');
    expectNoCanary(answer);
  });
});
