import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { canaryValue, expectNoCanary } from "../../test/support/canary.ts";
import { mountRequest } from "../../test/support/mount-request.ts";
import { secret, textsOf } from "../../test/support/provider-scene.ts";
import { vaultScene } from "../../test/support/vault-scene.ts";
import { silentLogger } from "../core/log.ts";
import { seededRandom } from "../core/random.ts";
import type { EmulatorOptions } from "../emulator/index.ts";
import { readCertificateSecret } from "./certificate-secret.ts";
import type { MountRequest } from "./client.ts";
import { createProviderService } from "./service.ts";

/** The provider with the real gateway in front of an emulated vault, in virtual time. */
function scene(options: Partial<EmulatorOptions> = {}) {
  const made = vaultScene(options, { budget: false });
  const { clock, emulator, gateway, cloud, sent, log } = made;
  const service = createProviderService({
    clock,
    random: seededRandom(3),
    gateway,
    logger: silentLogger,
    settings: { defaultCloud: cloud },
  });
  const request = (names: readonly string[], serviceAccount = "db", rest: Partial<MountRequest> = {}) => {
    const { clientId, tenantId, assertion } = made.identity(serviceAccount);
    return {
      ...mountRequest({
        objects: names.map((name) => secret(name)),
        attributes: {
          clientID: clientId,
          tenantID: tenantId,
          "csi.storage.k8s.io/serviceAccount.name": serviceAccount,
          "csi.storage.k8s.io/serviceAccount.tokens": JSON.stringify({
            "api://AzureADTokenExchange": { token: assertion },
          }),
        },
      }),
      ...rest,
    };
  };
  const vault = emulator.vault("demo");
  const finish = <T>(work: Promise<T>) => made.finish(work);
  return { clock, vault, emulator, service, sent, log, request, finish };
}

test("a Mount costs one token request, then one request for each object and never a 401", async () => {
  const { vault, service, sent, request, finish } = scene();
  for (const name of ["a", "b"]) vault.setSecret(name, `value of ${name}`);
  const { files } = await finish(service.mount(request(["a", "b"])));
  expect(textsOf(files)).toEqual({ a: "value of a", b: "value of b" });
  await finish(service.mount(request(["a", "b"])));
  expect(sent.map(({ host, status }) => [host, status])).toEqual([
    ["login.localhost", 200],
    ["demo.vault.localhost", 200],
    ["demo.vault.localhost", 200],
    ["demo.vault.localhost", 200],
    ["demo.vault.localhost", 200],
  ]);
});

test("100 Mounts at once with tokens of one service account share one token request", async () => {
  const { vault, emulator, service, request, finish } = scene({ latencyMs: 15 });
  for (let index = 0; index < 100; index++) vault.setSecret(`s${index}`, `value ${index}`);
  const mounts = Array.from({ length: 100 }, (_, index) => service.mount(request([`s${index}`])));
  const responses = await finish(Promise.all(mounts));
  expect(responses.map((response) => response.files[0]?.contents.toString())).toEqual(
    Array.from({ length: 100 }, (_, index) => `value ${index}`),
  );
  expect(emulator.authorityCounts()).toMatchObject({ token: 1, discovery: 0 });
  expect(vault.counts().byStatus).toEqual({ 200: 100 });
});

test("100 Mounts of one object at once read it once, but each service account for itself", async () => {
  const { vault, emulator, service, request, finish } = scene({ latencyMs: 15 });
  vault.setSecret("a", "1");
  const mounts = Array.from({ length: 100 }, (_, index) =>
    service.mount(request(["a"], index % 2 === 0 ? "db" : "api")),
  );
  await finish(Promise.all(mounts));
  expect(vault.counts().total).toBe(2);
  expect(emulator.authorityCounts().token).toBe(2);
});

test("20 objects take the time of two rounds, not of 20", async () => {
  const { clock, vault, service, request, finish } = scene({ latencyMs: 15 });
  const names = Array.from({ length: 20 }, (_, index) => `s${index}`);
  for (const name of names) vault.setSecret(name, name);
  const startMs = clock.monotonicMs();
  await finish(service.mount(request(names)));
  // The token, then twice ten reads.
  expect(clock.monotonicMs() - startMs).toBeLessThanOrEqual(3 * 15);
});

test("a partial Mount tells each object's class of error, and no value", async () => {
  const { vault, service, request, finish, log } = scene();
  vault.setSecret("good", canaryValue);
  vault.setSecret("off", canaryValue);
  vault.setSecretEnabled("off", false);
  const { results } = await finish(
    service.mount(request(["good", "missing", "off"], "db", { partial: true })),
  );
  expect(results.map(({ name, ok, code }) => [name, ok, code])).toEqual([
    ["good", true, ""],
    ["missing", false, "NotFound"],
    ["off", false, "Disabled"],
  ]);
  expectNoCanary(JSON.stringify(results) + log.join(""));
});

test("a token of another service account than the one named is refused before any request", async () => {
  const { vault, service, sent, request, finish } = scene();
  vault.setSecret("a", "1");
  const foreign = request(["a"], "api");
  const attributes = JSON.parse(foreign.attributes) as Record<string, string>;
  attributes["csi.storage.k8s.io/serviceAccount.name"] = "db";
  const mounting = finish(service.mount({ ...foreign, attributes: JSON.stringify(attributes) }));
  await expect(mounting).rejects.toMatchObject({ code: "IdentityMissing", retryable: false });
  expect(sent).toEqual([]);
});

test("an identity that Entra does not know is told as such", async () => {
  const { vault, service, request, finish } = scene();
  vault.setSecret("a", "1");
  const mounting = finish(service.mount(request(["a"], "stranger")));
  await expect(mounting).rejects.toMatchObject({
    code: "IdentityFederation",
    retryable: false,
    message: expect.stringContaining("system:serviceaccount:shop:stranger") as string,
  });
});

test("a history is one list request and exactly so many reads", async () => {
  const { vault, service, request, finish } = scene({ emptyPages: true });
  for (let index = 1; index <= 30; index++) vault.setSecret("a", `value ${index}`);
  const history = request(["a"]);
  const attributes = JSON.parse(history.attributes) as Record<string, string>;
  attributes["objects"] += "    objectVersionHistory: 3\n";
  const { files } = await finish(service.mount({ ...history, attributes: JSON.stringify(attributes) }));
  expect(files.map((file) => file.path)).toEqual(["a/0", "a/1", "a/2"]);
  expect(vault.counts().byOperation).toMatchObject({ SecretGet: 3 });
});

test.each(["3des-sha1", "p384", "rsa"])("the certificate of %s is one object of each type", async (name) => {
  const { vault, service, request, finish } = scene();
  const pfx = readFileSync(new URL(`fixtures/${name}.pfx`, import.meta.url)).toString("base64");
  vault.importCertificate("web", pfx);
  const mount = request(["web"], "db", { requestedPaths: ["web", "web/tls.crt", "web.key", "key", "cert"] });
  const attributes = JSON.parse(mount.attributes) as Record<string, string>;
  for (const type of ["key", "cert"]) {
    attributes["objects"] +=
      `  - |\n    objectName: web\n    objectType: ${type}\n    objectAlias: ${type}\n`;
  }
  const { files } = await finish(service.mount({ ...mount, attributes: JSON.stringify(attributes) }));
  const texts = textsOf(files);
  const expected = readCertificateSecret(pfx, "application/x-pkcs12");
  expect(texts["web"]).toBe(expected.pem);
  expect(texts["web/tls.crt"]).toBe(expected.certificates);
  expect(texts["web.key"]).toBe(expected.keys);
  const leaf = new X509Certificate(expected.certificates);
  expect(new X509Certificate(texts["cert"]!).fingerprint256).toBe(leaf.fingerprint256);
  expect(texts["key"]).toBe(leaf.publicKey.export({ format: "pem", type: "spki" }));
});
