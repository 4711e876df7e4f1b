import { expect, test } from "vitest";
import { canaryToken, canaryValue } from "../../test/support/canary.ts";
import { vaultScene, type VaultScene } from "../../test/support/vault-scene.ts";
import { seededRandom } from "../core/random.ts";
import { createVaultClient, type VaultClientOptions } from "./client.ts";
import { VaultError } from "./errors.ts";
import { handlerTransport } from "./transport.ts";

/** A client of the emulated vault "demo" whose credential is the emulator's own client. */
function clientOf(scene: VaultScene, options: Partial<VaultClientOptions> = {}) {
  const transport = handlerTransport(scene.emulator.handler);
  const { clientId, clientSecret } = scene.emulator.clients[0]!;
  return createVaultClient({
    vaultUrl: "https://demo.vault.localhost",
    credential: {
      async getToken(scope) {
        const form = {
          grant_type: "client_credentials",
          client_id: clientId,
          client_secret: clientSecret,
          scope: String(scope),
        };
        const url = `${scene.emulator.authorityHost}/${scene.emulator.tenantId}/oauth2/v2.0/token`;
        const response = await scene.emulator.handler(
          new Request(url, { method: "POST", body: new URLSearchParams(form) }),
        );
        const { access_token: token } = (await response.json()) as { access_token: string };
        return { token, expiresOnTimestamp: scene.clock.wallMs() + 3_599_000 };
      },
    },
    cloud: scene.cloud,
    transport,
    clock: scene.clock,
    random: seededRandom(1),
    ...options,
  });
}

test("an application reads a secret once and then from memory, until it says that the copy stopped working", async () => {
  const scene = vaultScene();
  const vault = scene.emulator.vault("demo");
  vault.setSecret("db", "old");
  await using client = clientOf(scene);
  expect((await scene.finish(client.getSecret("db"))).value).toBe("old");
  vault.setSecret("db", canaryValue);
  expect((await client.getSecret("db")).value).toBe("old");
  client.invalidate("db");
  expect((await scene.finish(client.getSecret("db"))).value).toBe(canaryValue);
  expect(vault.counts().total).toBe(2);
  await scene.clock.advance(30 * 60_000);
  await scene.finish(client.getSecret("db"));
  expect(vault.counts().byStatus).toEqual({ 200: 3 });
});

test("a start-up load of many secrets is paced by the budget and keeps their order", async () => {
  const scene = vaultScene();
  const names = Array.from({ length: 300 }, (_, index) => `s${index}`);
  for (const name of names) scene.emulator.vault("demo").setSecret(name, `value of ${name}`);
  await using client = clientOf(scene, { budget: { requests: 100, windowMs: 10_000 } });
  const secrets = await scene.finish(client.getSecrets(names));
  expect(secrets.map(({ value }) => value)).toEqual(names.map((name) => `value of ${name}`));
  // 25 at once, then 7.5 a second.
  expect(scene.clock.monotonicMs()).toBeGreaterThan(36_000);
  expect(scene.clock.monotonicMs()).toBeLessThan(38_000);
});

test("a load ends with the first secret that cannot be read", async () => {
  const scene = vaultScene();
  scene.emulator.vault("demo").setSecret("db", canaryValue);
  await using client = clientOf(scene);
  await expect(scene.finish(client.getSecrets(["db", "missing", "db"]))).rejects.toMatchObject({
    code: "NotFound",
  });
});

test("a short failure is outlasted, a long one is reported in time", async () => {
  const scene = vaultScene();
  scene.emulator.vault("demo").setSecret("db", canaryValue);
  await using client = clientOf(scene);
  scene.emulator.faults.add({
    kind: "connection-error",
    targets: ["demo"],
    untilMs: scene.clock.wallMs() + 3_000,
  });
  expect((await scene.finish(client.getSecret("db"))).value).toBe(canaryValue);
  client.invalidate();
  const startMs = scene.clock.monotonicMs();
  scene.emulator.faults.add({ kind: "connection-error", targets: ["demo"] });
  await expect(scene.finish(client.getSecret("db"))).rejects.toBeInstanceOf(VaultError);
  expect(scene.clock.monotonicMs() - startMs).toBeLessThanOrEqual(30_000);
});

test("a credential that has no token, or none to give, is named", async () => {
  const scene = vaultScene();
  await using empty = clientOf(scene, { credential: { getToken: () => Promise.resolve(null) } });
  await expect(scene.finish(empty.getSecret("db"))).rejects.toMatchObject({ code: "IdentityMissing" });
  await using failing = clientOf(scene, {
    credential: { getToken: () => Promise.reject(new Error(`AADSTS7000215: ${canaryToken}`)) },
    timeoutMs: 100,
  });
  const error = await scene.finish(failing.getSecret("db")).catch((thrown: VaultError) => thrown);
  expect(error).toMatchObject({ code: "IdentityFederation", aadstsCode: "AADSTS7000215" });
});
