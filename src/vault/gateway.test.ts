import { describe, expect, test } from "vitest";
import { canaryValue } from "../../test/support/canary.ts";
import { failureOf, request, vaultScene, vaultTimes } from "../../test/support/vault-scene.ts";
import { limitProfiles, type LimitProfile } from "../limits/profiles.ts";
import type { VaultError } from "./errors.ts";
import type { VaultRequest } from "./vault-request.ts";

const hourMs = 3_600_000;

/** A vault that admits so many requests per 10 s. */
function smallProfile(other: number): LimitProfile {
  const base = limitProfiles["azure-2026"];
  return { ...base, vault: { ...base.vault, other } };
}

describe("a read", () => {
  test("gives the newest version with its times, frozen", async () => {
    const scene = vaultScene();
    scene.emulator.vault("demo").setSecret("db", "old");
    const version = scene.emulator
      .vault("demo")
      .setSecret("db", canaryValue, { contentType: "text/plain" })
      .slice(-32);
    const secret = await scene.finish(scene.gateway.getSecret(request(scene)));
    expect(secret).toMatchObject({
      id: `https://demo.vault.localhost/secrets/db/${version}`,
      version,
      value: canaryValue,
      contentType: "text/plain",
      isEnabled: true,
      createdMs: scene.clock.wallMs(),
    });
    expect(Object.isFrozen(secret)).toBe(true);
  });

  test("costs one token request for an identity's whole lifetime and never a challenge", async () => {
    const scene = vaultScene();
    scene.emulator.vault("demo").setSecret("db", canaryValue);
    const mounts = Array.from({ length: 100 }, (_, index) =>
      scene.gateway.getSecret(
        request(scene, { name: "db", maxAgeMs: 0, lane: index % 2 === 0 ? "new" : "forced" }),
      ),
    );
    await scene.finish(Promise.all(mounts));
    expect(scene.emulator.authorityCounts()).toEqual({
      token: 1,
      discovery: 0,
      managedIdentity: 0,
      other: 0,
    });
    expect(scene.emulator.vault("demo").counts().byStatus).toEqual({ 200: 2 });
    for (let hour = 0; hour < 24; hour++) {
      await scene.clock.advance(hourMs);
      await scene.finish(scene.gateway.getSecret(request(scene)));
    }
    // A token lives an hour less a second, so by each hourly read the last one has ended.
    expect(scene.emulator.authorityCounts().token).toBe(25);
    expect(scene.emulator.vault("demo").counts().byStatus).toEqual({ 200: 26 });
  });

  test("is shared by all who want the same at once, but not by another identity", async () => {
    const scene = vaultScene();
    scene.emulator.vault("demo").setSecret("db", canaryValue);
    const reads = Array.from({ length: 50 }, () => scene.gateway.getSecret(request(scene)));
    reads.push(scene.gateway.getSecret(request(scene, { identity: scene.identity("api") })));
    await scene.finish(Promise.all(reads));
    expect(vaultTimes(scene)).toHaveLength(2);
  });

  test("of a pinned version happens once a day, of the newest one each time unless a younger copy will do", async () => {
    const scene = vaultScene();
    const version = scene.emulator.vault("demo").setSecret("db", canaryValue).slice(-32);
    const read = async (changes: Partial<VaultRequest>) => {
      await scene.finish(scene.gateway.getSecret(request(scene, changes)));
      await scene.clock.advance(1_000);
      return vaultTimes(scene).length;
    };
    expect(await read({ version })).toBe(1);
    expect(await read({ version, lane: "forced" })).toBe(1);
    expect(await read({})).toBe(2);
    expect(await read({ maxAgeMs: 60_000 })).toBe(3);
    expect(await read({ maxAgeMs: 60_000 })).toBe(3);
    expect(await read({ maxAgeMs: 60_000, lane: "forced" })).toBe(4);
    scene.gateway.invalidate({ cloud: scene.cloud, vaultName: "demo", name: "DB" });
    expect(await read({ maxAgeMs: 60_000 })).toBe(5);
    expect(await read({ version })).toBe(6);
    await scene.clock.advance(25 * hourMs);
    expect(await read({ version })).toBe(7);
  });

  test("that is forced does not join one that began before", async () => {
    const scene = vaultScene({ latencyMs: 100 });
    scene.emulator.vault("demo").setSecret("db", "old");
    const routine = scene.gateway.getSecret(request(scene));
    const forced = scene.gateway.getSecret(request(scene, { lane: "forced" }));
    await scene.finish(Promise.all([routine, forced]));
    expect(vaultTimes(scene)).toHaveLength(2);
  });

  test("that began before its copy was declared broken is neither joined nor kept", async () => {
    const scene = vaultScene({ latencyMs: 100 });
    const vault = scene.emulator.vault("demo");
    vault.setSecret("db", "old");
    const cached = request(scene, { maxAgeMs: hourMs });
    const before = scene.gateway.getSecret(cached);
    await scene.clock.advance(150);
    scene.gateway.invalidate({ cloud: scene.cloud, vaultName: "demo", name: "db" });
    const after = scene.gateway.getSecret(cached);
    await scene.clock.advance(10);
    expect(vaultTimes(scene)).toHaveLength(2);
    await scene.finish(Promise.all([before, after]));
    await scene.gateway.getSecret(cached);
    expect(vaultTimes(scene)).toHaveLength(2);

    const late = scene.gateway.getSecret({ ...cached, lane: "forced" });
    await scene.clock.advance(50);
    scene.gateway.invalidate();
    await scene.finish(late);
    await scene.finish(scene.gateway.getSecret(cached));
    expect(vaultTimes(scene)).toHaveLength(4);
  });

  test("lists every version, each page within the budget, empty pages included", async () => {
    const scene = vaultScene({ emptyPages: true });
    for (let version = 0; version < 60; version++)
      scene.emulator.vault("demo").setSecret("db", `v${version}`);
    const versions = await scene.finish(scene.gateway.listSecretVersions(request(scene)));
    expect(versions.map(({ version }) => version).toSorted()).toEqual(
      scene.emulator
        .vault("demo")
        .secretVersions("db")
        .map((id) => id.slice(-32))
        .toSorted(),
    );
    expect(new Set(scene.sent.slice(1).map(({ status }) => status))).toEqual(new Set([200]));
    expect(vaultTimes(scene).length).toBeGreaterThanOrEqual(3);
  });

  test("renews the token once when the vault does not take it", async () => {
    const scene = vaultScene();
    scene.emulator.vault("demo").setSecret("db", canaryValue);
    await scene.finish(scene.gateway.getSecret(request(scene)));
    scene.emulator.faults.add({
      kind: "status",
      status: 401,
      targets: ["demo"],
      untilMs: scene.clock.wallMs() + 1_000,
    });
    const error = await scene.finish(failureOf(scene.gateway.getSecret(request(scene))));
    expect(error).toMatchObject({ code: "IdentityFederation", status: 401, retryable: false });
    expect(scene.sent.slice(2).map(({ host }) => host.split(".")[0])).toEqual(["demo", "login", "demo"]);
    await scene.clock.advance(1_000);
    await scene.finish(scene.gateway.getSecret(request(scene)));
  });
});

describe("throttling", () => {
  test.each([{ count429: false }, { count429: true }])(
    "closes the gate for all, with one probe at a time, until the vault answers again ($count429)",
    async ({ count429 }) => {
      const scene = vaultScene({ profile: smallProfile(20), count429 }, { budget: false, maxInFlight: 8 });
      for (let index = 0; index < 60; index++)
        scene.emulator.vault("demo").setSecret(`s${index}`, canaryValue);
      const reads = Array.from({ length: 60 }, (_, index) =>
        scene.gateway
          .getSecret(request(scene, { name: `s${index}`, timeoutMs: hourMs }))
          .catch((error: VaultError) => error.code),
      );
      const results = await scene.finish(Promise.all(reads));
      const refused = results.filter((result) => result === "Throttled").length;
      const served = results.filter((result) => typeof result === "object").length;
      expect(refused + served).toBe(60);
      // All in flight when the gate closes are refused, then one probe after each back-off.
      const { byStatus } = scene.emulator.vault("demo").counts();
      expect(byStatus["429"]).toBe(refused);
      const times = scene.sent.filter(({ host }) => host.startsWith("demo."));
      for (const [atMs, sent] of Map.groupBy(times, (one) => one.atMs)) {
        const isOpen = sent.some(({ status }) => status === 200);
        const most = isOpen ? 8 : 1;
        expect(sent.filter(({ status }) => status === 429).length, `at ${atMs}`).toBeLessThanOrEqual(most);
      }
      const gapsAfter429 = times
        .map(({ atMs }, index) => ({ before: times[index - 1], atMs }))
        .filter(({ before, atMs }) => before?.status === 429 && atMs > before.atMs)
        .map(({ before, atMs }) => atMs - before!.atMs);
      expect(gapsAfter429.length).toBeGreaterThanOrEqual(2);
      expect(Math.min(...gapsAfter429)).toBeGreaterThanOrEqual(500);
    },
  );

  test("refuses at once whoever cannot wait until the gate opens, and says when to come again", async () => {
    const scene = vaultScene({ profile: smallProfile(1), retryAfter: 10 });
    scene.emulator.vault("demo").setSecret("db", canaryValue);
    await scene.finish(scene.gateway.getSecret(request(scene)));
    const first = await scene.finish(failureOf(scene.gateway.getSecret(request(scene))));
    expect(first).toMatchObject({ code: "Throttled", status: 429, retryable: true });
    expect(first.retryAfterMs).toBeGreaterThan(10_000);
    expect(first.message).toContain("VaultRequestTypeLimitReached");
    const atMs = scene.clock.monotonicMs();
    const second = await scene.finish(
      failureOf(scene.gateway.getSecret(request(scene, { timeoutMs: 2_000 }))),
    );
    expect(scene.clock.monotonicMs()).toBe(atMs);
    expect(second.code).toBe("Throttled");
    expect(second.retryAfterMs).toBeGreaterThanOrEqual(10_000);
    expect(vaultTimes(scene)).toHaveLength(2);
    expect(scene.gateway.gateState({ cloud: scene.cloud, vaultName: "demo" })).toMatchObject({
      circuit: "open",
      rateShare: 0.5,
    });
  });

  test("of one vault leaves another alone", async () => {
    const scene = vaultScene({ profile: smallProfile(1) });
    scene.emulator.vault("demo").setSecret("db", canaryValue);
    scene.emulator.vault("other").setSecret("db", canaryValue);
    await scene.finish(scene.gateway.getSecret(request(scene)));
    await scene.finish(failureOf(scene.gateway.getSecret(request(scene))));
    const atMs = scene.clock.monotonicMs();
    await scene.finish(scene.gateway.getSecret(request(scene, { vaultName: "other" })));
    expect(scene.clock.monotonicMs()).toBe(atMs);
  });
});

describe("the budget", () => {
  test("makes a burst wait, the urgent ones least, and refuses what would wait too long", async () => {
    const scene = vaultScene({}, { budget: { requests: 40, windowMs: 10_000 } });
    for (let index = 0; index < 100; index++)
      scene.emulator.vault("demo").setSecret(`s${index}`, canaryValue);
    const doneAtMs = new Map<string, number>();
    const read = async (name: string, lane: "new" | "routine", timeoutMs: number) => {
      await scene.gateway.getSecret(request(scene, { name, lane, timeoutMs }));
      doneAtMs.set(name, scene.clock.monotonicMs());
    };
    const routine = Array.from({ length: 80 }, (_, index) => read(`s${index}`, "routine", hourMs));
    await scene.clock.advance(1_000);
    const urgent = read("s99", "new", hourMs);
    const hasty = failureOf(read("s98", "routine", 5_000));
    expect(await scene.finish(hasty)).toMatchObject({ code: "BudgetWait", retryable: true });
    expect(scene.clock.monotonicMs()).toBe(1_000);
    await scene.finish(urgent);
    expect(doneAtMs.get("s99")).toBeLessThan(1_700);
    await scene.finish(Promise.all(routine));
    // 10 at once, then 3 a second.
    expect(scene.clock.monotonicMs()).toBeGreaterThan(23_000);
    expect(scene.clock.monotonicMs()).toBeLessThan(25_000);
  });
});

describe("an outage", () => {
  test("is met with few probes, and reads come back when the vault does", async () => {
    const scene = vaultScene();
    scene.emulator.vault("demo").setSecret("db", canaryValue);
    await scene.finish(scene.gateway.getSecret(request(scene)));
    const before = vaultTimes(scene).length;
    scene.emulator.faults.add({
      kind: "connection-error",
      targets: ["demo"],
      untilMs: scene.clock.wallMs() + hourMs,
    });
    const codes = new Map<string, number>();
    for (let second = 0; second < 3_600; second++) {
      await scene.clock.advance(1_000);
      const read = scene.gateway.getSecret(request(scene, { timeoutMs: 500 }));
      void read.catch((error: VaultError) => void codes.set(error.code, (codes.get(error.code) ?? 0) + 1));
    }
    expect([...codes.keys()].toSorted()).toEqual(["BreakerOpen", "Connect"]);
    expect(vaultTimes(scene).length - before).toBeLessThan(600);
    expect(scene.emulator.authorityCounts().token).toBeLessThanOrEqual(3);
    await scene.clock.advance(1_000);
    const secret = await scene.finish(scene.gateway.getSecret(request(scene)));
    expect(secret.value).toBe(canaryValue);
    expect(scene.clock.monotonicMs()).toBeLessThan(hourMs + 20_000);
  });

  test("of the token endpoint is not the vault's, and old tokens serve on", async () => {
    const scene = vaultScene();
    scene.emulator.vault("demo").setSecret("db", canaryValue);
    await scene.finish(scene.gateway.getSecret(request(scene)));
    scene.emulator.faults.add({ kind: "status", status: 503, targets: ["authority"] });
    await scene.clock.advance(0.9 * hourMs);
    for (let minute = 0; minute < 5; minute++) {
      await scene.finish(scene.gateway.getSecret(request(scene)));
      await scene.clock.advance(60_000);
    }
    expect(scene.emulator.vault("demo").counts().byStatus).toEqual({ 200: 6 });
    await scene.clock.advance(0.1 * hourMs);
    const error = await scene.finish(failureOf(scene.gateway.getSecret(request(scene))));
    expect(error).toMatchObject({ code: "Unavailable", status: 503 });
    expect(error.message).toContain("token endpoint");
    expect(scene.gateway.gateState({ cloud: scene.cloud, vaultName: "demo" })).toMatchObject({
      circuit: "closed",
    });
  });

  test("that hangs ends at the request's deadline", async () => {
    const scene = vaultScene({}, { requestTimeoutMs: 3_000 });
    scene.emulator.vault("demo").setSecret("db", canaryValue);
    scene.emulator.faults.add({ kind: "latency", latencyMs: hourMs, targets: ["demo"] });
    const error = await scene.finish(failureOf(scene.gateway.getSecret(request(scene))));
    expect(error).toMatchObject({ code: "Timeout", retryable: true });
    expect(scene.clock.monotonicMs()).toBe(3_000);
  });

  test("is not inferred from callers who had no time to wait for the answer", async () => {
    const scene = vaultScene({ latencyMs: 1_000 });
    scene.emulator.vault("demo").setSecret("db", canaryValue);
    await scene.finish(scene.gateway.getSecret(request(scene)));
    for (let read = 0; read < 10; read++) {
      const error = await scene.finish(
        failureOf(scene.gateway.getSecret(request(scene, { timeoutMs: 100 }))),
      );
      expect(error.code).toBe("Timeout");
    }
    expect(scene.gateway.gateState(request(scene))).toMatchObject({ circuit: "closed", inFlight: 0 });
  });

  test("is over for a caller as soon as it gives up, and for the others goes on", async () => {
    const scene = vaultScene({ latencyMs: 1_000 });
    scene.emulator.vault("demo").setSecret("db", canaryValue);
    const controller = new AbortController();
    const patient = scene.gateway.getSecret(request(scene));
    const hasty = scene.gateway.getSecret(request(scene), controller.signal);
    hasty.catch(() => undefined);
    await scene.clock.advance(100);
    controller.abort(new Error("given up"));
    await expect(hasty).rejects.toThrow("given up");
    expect((await scene.finish(patient)).value).toBe(canaryValue);
    expect(vaultTimes(scene)).toHaveLength(1);
  });
});
