import { describe, expect, test } from "vitest";
import { canaryValue, expectNoCanary } from "../../test/support/canary.ts";
import { failureOf, request, vaultScene, vaultTimes } from "../../test/support/vault-scene.ts";

describe("what goes wrong is named, and nothing secret with it", () => {
  test("an answer that is not Key Vault's", async () => {
    const scene = vaultScene();
    scene.emulator.vault("demo").setSecret("db", canaryValue);
    scene.emulator.faults.add({ kind: "garbage", targets: ["demo"] });
    const error = await scene.finish(failureOf(scene.gateway.getSecret(request(scene))));
    expect(error.code).toBe("Unavailable");
    expect(error.message).toBe(
      'vault "demo" answered something that is not Key Vault JSON. Nothing to do for a single one. If it lasts, check Azure\'s status page and any proxy in between. See docs/troubleshooting.md#unavailable',
    );
    const list = await scene.finish(failureOf(scene.gateway.listSecretVersions(request(scene))));
    expect(list.code).toBe("Unavailable");
  });

  test("a missing secret, a disabled one, and a name that no vault can have", async () => {
    const scene = vaultScene();
    const missing = await scene.finish(failureOf(scene.gateway.getSecret(request(scene))));
    expect(missing).toMatchObject({ code: "NotFound", retryable: false, serviceCode: "SecretNotFound" });
    expect(missing.message).toMatch(/^There is no secret "db" in vault "demo"/);
    scene.emulator.vault("demo").setSecret("db", canaryValue);
    scene.emulator.vault("demo").setSecretEnabled("db", false);
    const disabled = await scene.finish(failureOf(scene.gateway.getSecret(request(scene))));
    expect(disabled).toMatchObject({ code: "Disabled", status: 403 });
    const before = scene.sent.length;
    const bad = await failureOf(scene.gateway.getSecret(request(scene, { name: "../keys/x" })));
    expect(bad.code).toBe("BadObject");
    expect(scene.sent).toHaveLength(before);
  });

  test("an identity that Entra does not know, with its AADSTS code", async () => {
    const scene = vaultScene();
    const error = await scene.finish(
      failureOf(scene.gateway.getSecret(request(scene, { identity: scene.identity("stranger") }))),
    );
    expect(error).toMatchObject({ code: "IdentityFederation", aadstsCode: "AADSTS700213" });
    expect(error.message).toContain("system:serviceaccount:shop:stranger");
    // A second mount does not ask again at once.
    const again = await failureOf(
      scene.gateway.getSecret(request(scene, { identity: scene.identity("stranger") })),
    );
    expect(again.aadstsCode).toBe("AADSTS700213");
    expect(scene.emulator.authorityCounts().token).toBe(1);
    expect(vaultTimes(scene)).toEqual([]);
    expectNoCanary(scene.log.join("\n"));
    for (const line of scene.log)
      expect(line).not.toContain(scene.identity("stranger").assertion.split(".")[1]);
  });

  test("a token of another service account", async () => {
    const scene = vaultScene();
    const { assertion } = scene.identity("api");
    const identity = { ...scene.identity("db"), assertion };
    const error = await failureOf(scene.gateway.getSecret(request(scene, { identity })));
    expect(error.code).toBe("IdentityMissing");
    expect(scene.sent).toEqual([]);
  });
});
