import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../core/virtual-clock.ts";
import type { AuditRecord } from "../../emulator/index.ts";
import type { AttemptReport } from "../../operator/secret-sync/controller.ts";
import type { ExampleSync } from "./example-set.ts";
import { DemoProgress } from "./progress.ts";

const example = (name: string, clientId: string, secretNames: readonly string[]): ExampleSync => ({
  name,
  clientId,
  secretNames,
  subject: `system:serviceaccount:${name.replace("/", ":")}`,
});
const examples = [
  example("shop/db", "shop-client", ["db-user", "db-password"]),
  example("billing/mirror", "billing-client", ["db-password"]),
];

function report(key: string, isReady: boolean, version: string, lane: AttemptReport["lane"]): AttemptReport {
  const [namespace, name] = key.split("/");
  const kind = isReady ? "synced" : "failed";
  return {
    secretSync: { metadata: { namespace, name } },
    status: {
      conditions: [{ type: "Ready", status: isReady ? "True" : "False", message: `${kind} it` }],
      secret: { keys: ["password"] },
      objects: [{ version }],
    },
    outcome: { kind, reason: isReady ? "CreateSucceeded" : "ProviderError" },
    lane,
    nextMs: 0,
  } as unknown as AttemptReport;
}

function read(clientId: string, secretName: string, httpStatusCode = 200): AuditRecord {
  return {
    operationName: "SecretGet",
    identity: { claim: { appid: clientId } },
    properties: {
      httpStatusCode,
      requestUri: `https://demo.vault.localhost/secrets/${secretName}/?api-version=7.6`,
    },
  } as unknown as AuditRecord;
}

describe("DemoProgress", () => {
  test("a row tells the last attempt and ages from the last success", async () => {
    const clock = new VirtualClock();
    const progress = new DemoProgress(clock, examples);
    expect(progress.rows[0]).toMatchObject({ name: "shop/db", isReady: undefined, ageMs: undefined });
    progress.onAttempt(report("shop/db", true, "v1", "new"));
    await clock.advance(5_000);
    expect(progress.rows[0]).toMatchObject({
      isReady: true,
      reason: "CreateSucceeded",
      keyCount: 1,
      ageMs: 5_000,
    });
    progress.onAttempt(report("shop/db", false, "v1", "routine"));
    expect(progress.rows[0]).toMatchObject({ isReady: false, message: "failed it", ageMs: 5_000 });
  });

  test("a request counts for the SecretSync whose client reads the secret", () => {
    const progress = new DemoProgress(new VirtualClock(), examples);
    progress.onAuditRecord(read("shop-client", "db-user"));
    progress.onAuditRecord(read("shop-client", "db-password"));
    progress.onAuditRecord(read("billing-client", "db-password"));
    progress.onAuditRecord(read("billing-client", "db-user"));
    progress.onAuditRecord(read("shop-client", "db-user", 401));
    expect(progress.rows.map(({ vaultRequestCount }) => vaultRequestCount)).toEqual([2, 1]);
  });

  test("all are settled once each had an attempt, good or bad", async () => {
    const progress = new DemoProgress(new VirtualClock(), examples);
    let isSettled = false;
    const settled = progress.untilSettled().then(() => (isSettled = true));
    progress.onAttempt(report("shop/db", true, "v1", "new"));
    await Promise.resolve();
    expect(isSettled).toBe(false);
    progress.onAttempt(report("billing/mirror", false, "v1", "new"));
    await settled;
    expect(isSettled).toBe(true);
  });

  test("a rotation has arrived when an attempt shows the new version, and is timed once", async () => {
    const clock = new VirtualClock();
    const progress = new DemoProgress(clock, examples);
    progress.startRotation("db-password", "v2");
    const arrived = progress.untilArrived(["shop/db"]);
    progress.onAttempt(report("shop/db", true, "v1", "routine"));
    expect(progress.rotation?.arrivals).toEqual([]);
    await clock.advance(40);
    progress.onAttempt(report("shop/db", true, "v2", "forced"));
    await arrived;
    await clock.advance(4_000);
    progress.onAttempt(report("shop/db", true, "v2", "routine"));
    progress.onAttempt(report("billing/mirror", true, "v2", "routine"));
    expect(progress.rotation?.arrivals).toEqual([
      { name: "shop/db", afterMs: 40, how: "asked for at once" },
      { name: "billing/mirror", afterMs: 4_040, how: "by its poll" },
    ]);
  });

  test("an attempt of a SecretSync that is no example is left out", () => {
    const progress = new DemoProgress(new VirtualClock(), examples);
    progress.onAttempt(report("other/thing", true, "v1", "new"));
    expect(progress.rows).toHaveLength(2);
  });
});
