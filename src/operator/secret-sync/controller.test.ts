import { describe, expect, test } from "vitest";
import { canaryValue, expectNoCanary } from "../../../test/support/canary.ts";
import type { Event } from "../../kube/objects.ts";
import { apiVersionOf, secrets } from "../../kube/resources.ts";
import { OperatorBench } from "../testing/operator-bench.ts";
import { secretProviderClasses, secretSyncs } from "./secret-sync.ts";

describe("a first synchronisation", () => {
  test("creates the Secret with label and owner, and reports it Ready", async () => {
    await using bench = await OperatorBench.withSync();
    expect(bench.data("db")).toEqual({ user: "shop", password: canaryValue });
    const secret = await bench.secret("db");
    expect(secret.type).toBe("Opaque");
    expect(secret.metadata.labels).toEqual({ "secrets-store.sync.x-k8s.io": "" });
    expect(secret.metadata.ownerReferences).toEqual([
      {
        apiVersion: "secret-sync.x-k8s.io/v1alpha1",
        kind: "SecretSync",
        name: "db",
        uid: bench.sync("db").metadata.uid,
      },
    ]);
    expect(bench.conditions("db")).toEqual(["Create=True/CreateSucceeded", "Ready=True/CreateSucceeded"]);
  });

  test("costs one create and one status patch, and asks for the referenced objects alone", async () => {
    await using bench = await OperatorBench.withSync();
    expect(bench.requestCount("create secrets")).toBe(2); // and the installation key
    expect(bench.requestCount("patch secretsyncs/status")).toBe(1);
    expect(bench.requestCount("create serviceaccounts/token")).toBe(1);
    expect(bench.vault.requests.map((request) => [request.requestedPaths, request.lane])).toEqual([
      [["db-user", "db-password"], "new"],
    ]);
  });

  test("hands the provider the class, the namespace and a token of the account", async () => {
    await using bench = await OperatorBench.withSync();
    const attributes = JSON.parse(bench.vault.requests[0]!.attributes) as Record<string, string>;
    expect(attributes["keyvaultName"]).toBe("demo");
    expect(attributes["csi.storage.k8s.io/pod.namespace"]).toBe("shop");
    const tokens = JSON.parse(attributes["csi.storage.k8s.io/serviceAccount.tokens"]!) as Record<
      string,
      object
    >;
    expect(Object.keys(tokens)).toEqual(["api://AzureADTokenExchange"]);
  });

  test("tells versions in status and no value anywhere", async () => {
    await using bench = await OperatorBench.withSync();
    expect(bench.sync("db").status!.objects!.map((object) => [object.targetKey, object.version])).toEqual([
      ["user", "v1"],
      ["password", "v1"],
    ]);
    expectNoCanary(bench.allText());
  });

  test("records one event", async () => {
    await using bench = await OperatorBench.withSync();
    const { name, namespace, uid } = bench.sync("db").metadata;
    const events = bench.sandbox.objects("Event", "shop") as unknown as Event[];
    const involvedObject = {
      apiVersion: apiVersionOf(secretSyncs),
      kind: "SecretSync",
      name,
      namespace,
      uid,
    };
    expect(events).toMatchObject([{ type: "Normal", reason: "CreateSucceeded" }]);
    expect(events[0]!.involvedObject).toEqual(involvedObject);
  });
});

describe("polling", () => {
  test("checks every interval and writes nothing when nothing changed", async () => {
    await using bench = await OperatorBench.withSync({ rotationPollIntervalInSeconds: 600 });
    const before = (await bench.secret("db")).metadata.resourceVersion;
    await bench.seconds(1200);
    const statusWrites = bench.requestCount("patch secretsyncs/status");
    await bench.seconds(6000);
    expect(bench.vault.requests).toHaveLength(1 + 12);
    expect((await bench.secret("db")).metadata.resourceVersion).toBe(before);
    expect(bench.requestCount("patch secretsyncs/status")).toBe(statusWrites);
    expect(bench.ready("db")).toBe("Ready=True/UpdateNoValueChangeSucceeded");
  });

  test("writes status now and then to show that work goes on", async () => {
    await using bench = await OperatorBench.withSync({
      rotationPollIntervalInSeconds: 600,
      statusEveryPolls: 4,
    });
    await bench.seconds(1200);
    const statusWrites = bench.requestCount("patch secretsyncs/status");
    await bench.seconds(4 * 600);
    expect(bench.requestCount("patch secretsyncs/status")).toBe(statusWrites + 1);
  });

  test("a rotated value arrives within the interval", async () => {
    await using bench = await OperatorBench.withSync({ rotationPollIntervalInSeconds: 600 });
    bench.vault.set("db-password", "rotated");
    await bench.seconds(601);
    expect(bench.data("db")!["password"]).toBe("rotated");
    expect(bench.ready("db")).toBe("Ready=True/UpdateValueChangeOrForceUpdateSucceeded");
    expect(bench.sync("db").status!.objects!.map((object) => object.version)).toEqual(["v1", "v2"]);
  });

  test("with jitter every synchronisation waits for up to that long", async () => {
    await using bench = await OperatorBench.create({ jitterSeconds: 300 });
    bench.vault.set("s", "1");
    for (let index = 0; index < 20; index++) await bench.createSync(`s${index}`, { k: "s" });
    await bench.seconds(1);
    expect(bench.attempts.length).toBeLessThan(5);
    await bench.seconds(300);
    expect(bench.attempts).toHaveLength(20);
  });
});

describe("what the user does", () => {
  test("a new value of forceSynchronization synchronises at once", async () => {
    await using bench = await OperatorBench.withSync();
    bench.vault.set("db-password", "rotated");
    await bench.patchSync("db", { forceSynchronization: "now-1" });
    await bench.seconds(1);
    expect(bench.data("db")!["password"]).toBe("rotated");
    expect(bench.vault.requests.at(-1)!.lane).toBe("forced");
    expect(bench.ready("db")).toBe("Ready=True/UpdateValueChangeOrForceUpdateSucceeded");
  });

  test("an edit of the class synchronises its SecretSyncs at once", async () => {
    await using bench = await OperatorBench.withSync();
    await bench.kube.mergePatch(
      secretProviderClasses,
      { namespace: "shop", name: "vault" },
      { spec: { parameters: { keyvaultName: "other" } } },
    );
    await bench.seconds(1);
    expect(bench.vault.requests).toHaveLength(2);
    expect(bench.vault.requests[1]!.attributes).toContain('"keyvaultName":"other"');
  });

  test("a key, label and annotation that the SecretSync no longer names leave the Secret; foreign ones stay", async () => {
    await using bench = await OperatorBench.create();
    bench.vault.set("a", "1");
    bench.vault.set("b", "2");
    const data = [
      { sourcePath: "a", targetKey: "a" },
      { sourcePath: "b", targetKey: "b" },
    ];
    await bench.createSync(
      "db",
      {},
      {
        secretObject: { data, labels: { team: "shop", tier: "1" }, annotations: { note: "x" } },
      },
    );
    await bench.seconds(1);
    await bench.kube.mergePatch(
      secrets,
      { namespace: "shop", name: "db" },
      { metadata: { labels: { foreign: "yes" } }, data: { foreign: "eA==" } },
    );
    await bench.patchSync("db", {
      secretObject: { data: [data[0]], labels: { team: "shop", tier: null }, annotations: null },
    });
    await bench.seconds(1);
    expect(bench.data("db")).toEqual({ a: "1", foreign: "x" });
    const { labels, annotations } = (await bench.secret("db")).metadata;
    expect(labels).toEqual({ "secrets-store.sync.x-k8s.io": "", team: "shop", foreign: "yes" });
    expect(annotations ?? {}).toEqual({});
  });

  test("a deleted Secret is back after the next poll", async () => {
    await using bench = await OperatorBench.withSync({ rotationPollIntervalInSeconds: 600 });
    await bench.kube.delete(secrets, { namespace: "shop", name: "db" });
    await bench.seconds(601);
    expect(bench.data("db")).toEqual({ user: "shop", password: canaryValue });
    expect(bench.ready("db")).toBe("Ready=True/UpdateValueChangeOrForceUpdateSucceeded");
  });

  test("an edited value is put right by the next poll", async () => {
    await using bench = await OperatorBench.withSync({ rotationPollIntervalInSeconds: 600 });
    await bench.kube.mergePatch(secrets, { namespace: "shop", name: "db" }, { data: { user: "eA==" } });
    await bench.seconds(601);
    expect(bench.data("db")!["user"]).toBe("shop");
  });

  test("a deleted SecretSync takes its Secret along and is forgotten", async () => {
    await using bench = await OperatorBench.withSync({ rotationPollIntervalInSeconds: 600 });
    await bench.kube.delete(secretSyncs, { namespace: "shop", name: "db" });
    await bench.seconds(601);
    expect(bench.data("db")).toBeUndefined();
    expect(bench.vault.requests).toHaveLength(1);
  });
});

describe("a restart", () => {
  test("with nothing due asks the vault for nothing", async () => {
    await using bench = await OperatorBench.create();
    bench.vault.set("s", "1");
    for (let index = 0; index < 50; index++) await bench.createSync(`s${index}`, { k: "s" });
    await bench.seconds(7300);
    const before = bench.vault.requests.length;
    // The heartbeat is up to 30 s old, and what was due in the minute before it is done again.
    const stoppedMs = bench.clock.wallMs();
    const recent = bench.attempts.filter(
      (report) => stoppedMs - Date.parse(report.status.lastAttemptTime!) < 92_000,
    );
    await bench.stop();
    await bench.start();
    await bench.seconds(1);
    expect(bench.vault.requests.length - before).toBeLessThanOrEqual(recent.length);
    expect(recent.length).toBeLessThan(10);
  });

  test("makes up for the polls that were missed", async () => {
    await using bench = await OperatorBench.withSync({ rotationPollIntervalInSeconds: 600 });
    await bench.stop();
    bench.vault.set("db-password", "rotated");
    await bench.seconds(1800);
    await bench.start({ rotationPollIntervalInSeconds: 600 });
    await bench.seconds(1);
    expect(bench.data("db")!["password"]).toBe("rotated");
  });

  test("keeps a value that failed at the time of the restart", async () => {
    await using bench = await OperatorBench.withSync({ rotationPollIntervalInSeconds: 600 });
    bench.vault.fail("db-user", "Throttled", "429");
    await bench.seconds(601);
    await bench.stop();
    await bench.start({ rotationPollIntervalInSeconds: 600 });
    await bench.seconds(1200);
    expect(bench.data("db")!["user"]).toBe("shop");
  });
});
