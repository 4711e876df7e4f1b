import { describe, expect, test } from "vitest";
import { canaryValue, expectNoCanary } from "../../../test/support/canary.ts";
import { secrets } from "../../kube/resources.ts";
import { OperatorBench } from "../testing/operator-bench.ts";
import { secretProviderClasses, secretSyncs } from "./secret-sync.ts";

async function withSync(settings = {}): Promise<OperatorBench> {
  const bench = await OperatorBench.create(settings);
  bench.vault.set("db-user", "shop");
  bench.vault.set("db-password", canaryValue);
  await bench.createSync("db", { user: "db-user", password: "db-password" });
  await bench.seconds(1);
  return bench;
}

describe("a first synchronisation", () => {
  test("creates the Secret with label and owner, and reports it Ready", async () => {
    await using bench = await withSync();
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
    await using bench = await withSync();
    expect(bench.requestCount("create secrets")).toBe(2); // and the installation key
    expect(bench.requestCount("patch secretsyncs/status")).toBe(1);
    expect(bench.requestCount("create serviceaccounts/token")).toBe(1);
    expect(bench.vault.requests.map((request) => [request.requestedPaths, request.lane])).toEqual([
      [["db-user", "db-password"], "new"],
    ]);
  });

  test("hands the provider the class, the namespace and a token of the account", async () => {
    await using bench = await withSync();
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
    await using bench = await withSync();
    expect(bench.sync("db").status!.objects!.map((object) => [object.targetKey, object.version])).toEqual([
      ["user", "v1"],
      ["password", "v1"],
    ]);
    expectNoCanary(bench.allText());
  });

  test("records one event", async () => {
    await using bench = await withSync();
    const events = bench.sandbox.objects("Event", "shop") as unknown as { reason: string; type: string }[];
    expect(events.map(({ type, reason }) => `${type} ${reason}`)).toEqual(["Normal CreateSucceeded"]);
  });
});

describe("polling", () => {
  test("checks every interval and writes nothing when nothing changed", async () => {
    await using bench = await withSync({ rotationPollIntervalInSeconds: 600 });
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
    await using bench = await withSync({ rotationPollIntervalInSeconds: 600, statusEveryPolls: 4 });
    await bench.seconds(1200);
    const statusWrites = bench.requestCount("patch secretsyncs/status");
    await bench.seconds(4 * 600);
    expect(bench.requestCount("patch secretsyncs/status")).toBe(statusWrites + 1);
  });

  test("a rotated value arrives within the interval", async () => {
    await using bench = await withSync({ rotationPollIntervalInSeconds: 600 });
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
    await using bench = await withSync();
    bench.vault.set("db-password", "rotated");
    await bench.patchSync("db", { forceSynchronization: "now-1" });
    await bench.seconds(1);
    expect(bench.data("db")!["password"]).toBe("rotated");
    expect(bench.vault.requests.at(-1)!.lane).toBe("forced");
    expect(bench.ready("db")).toBe("Ready=True/UpdateValueChangeOrForceUpdateSucceeded");
  });

  test("an edit of the class synchronises its SecretSyncs at once", async () => {
    await using bench = await withSync();
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
    await using bench = await withSync({ rotationPollIntervalInSeconds: 600 });
    await bench.kube.delete(secrets, { namespace: "shop", name: "db" });
    await bench.seconds(601);
    expect(bench.data("db")).toEqual({ user: "shop", password: canaryValue });
    expect(bench.ready("db")).toBe("Ready=True/UpdateValueChangeOrForceUpdateSucceeded");
  });

  test("an edited value is put right by the next poll", async () => {
    await using bench = await withSync({ rotationPollIntervalInSeconds: 600 });
    await bench.kube.mergePatch(secrets, { namespace: "shop", name: "db" }, { data: { user: "eA==" } });
    await bench.seconds(601);
    expect(bench.data("db")!["user"]).toBe("shop");
  });

  test("a deleted SecretSync takes its Secret along and is forgotten", async () => {
    await using bench = await withSync({ rotationPollIntervalInSeconds: 600 });
    await bench.kube.delete(secretSyncs, { namespace: "shop", name: "db" });
    await bench.seconds(601);
    expect(bench.data("db")).toBeUndefined();
    expect(bench.vault.requests).toHaveLength(1);
  });
});

describe("trouble", () => {
  test("a failed fetch leaves the Secret as it was, and Ready", async () => {
    await using bench = await withSync({ rotationPollIntervalInSeconds: 600 });
    bench.vault.failWholly("Connect", "no route to the vault");
    await bench.seconds(700);
    expect(bench.data("db")).toEqual({ user: "shop", password: canaryValue });
    expect(bench.conditions("db")).toEqual([
      "Create=True/CreateSucceeded",
      "Update=False/ProviderError",
      "Ready=True/ProviderError",
    ]);
    expect(bench.message("db")).toBe("Connect: no route to the vault");
    bench.vault.heal();
    await bench.seconds(60);
    expect(bench.ready("db")).toBe("Ready=True/UpdateNoValueChangeSucceeded");
  });

  test("a throttled vault is a reason of its own, and its time is kept", async () => {
    await using bench = await withSync({ rotationPollIntervalInSeconds: 600 });
    bench.vault.fail("db-user", "Throttled", "429", 45_000);
    bench.vault.fail("db-password", "BudgetWait", "own share", 30_000);
    await bench.seconds(601);
    expect(bench.ready("db")).toBe("Ready=True/Throttled");
    const status = bench.sync("db").status!;
    const waitMs = Date.parse(status.nextSyncTime!) - Date.parse(status.lastAttemptTime!);
    expect(waitMs).toBeGreaterThanOrEqual(45_000 - 1000);
  });

  test("a key that fails keeps its last good value while the others go on", async () => {
    await using bench = await withSync({ rotationPollIntervalInSeconds: 600 });
    bench.vault.fail("db-user", "NotFound", 'secret "db-user" is not in the vault');
    bench.vault.set("db-password", "rotated");
    await bench.seconds(601);
    expect(bench.data("db")).toEqual({ user: "shop", password: "rotated" });
    expect(bench.ready("db")).toBe("Ready=True/PartialSync");
    const items = JSON.parse(bench.message("db")) as { targetKey: string; ok: boolean; code: string }[];
    expect(items.map(({ targetKey, ok, code }) => [targetKey, ok, code])).toEqual([
      ["user", false, "NotFound"],
      ["password", true, ""],
    ]);
  });

  test("without partial synchronisation nothing is written unless all could be fetched", async () => {
    await using bench = await withSync({
      rotationPollIntervalInSeconds: 600,
      enablePartialSecretSync: false,
    });
    bench.vault.fail("db-user", "NotFound");
    bench.vault.set("db-password", "rotated");
    await bench.seconds(601);
    expect(bench.data("db")).toEqual({ user: "shop", password: canaryValue });
    expect(bench.ready("db")).toBe("Ready=True/ProviderError");
  });

  test("a hung provider holds up nobody else and ends in an error", async () => {
    await using bench = await OperatorBench.create({ mountTimeoutInSeconds: 20 });
    bench.vault.set("s", "1");
    bench.vault.isHung = true;
    await bench.createSync("hung", { k: "s" });
    await bench.seconds(1);
    bench.vault.isHung = false;
    await bench.createSync("free", { k: "s" });
    await bench.seconds(1);
    expect(bench.ready("free")).toBe("Ready=True/CreateSucceeded");
    await bench.seconds(20);
    expect(bench.ready("hung")).toMatch(/ProviderError|CreateSucceeded/);
    await bench.seconds(60);
    expect(bench.ready("hung")).toBe("Ready=True/CreateSucceeded");
  });

  test("a foreign Secret of that name is not touched", async () => {
    await using bench = await OperatorBench.create();
    await bench.kube.create(secrets, {
      metadata: { namespace: "shop", name: "db" },
      data: { theirs: "eA==" },
    });
    bench.vault.set("s", "1");
    await bench.createSync("db", { k: "s" });
    await bench.seconds(1);
    expect(bench.ready("db")).toBe("Ready=False/InvalidClusterSecretLabelError");
    expect(bench.message("db")).toContain("kubectl delete secret db -n shop");
    expect(bench.data("db")).toEqual({ theirs: "x" });
    await bench.kube.delete(secrets, { namespace: "shop", name: "db" });
    await bench.seconds(120);
    expect(bench.data("db")).toEqual({ k: "1" });
  });

  test("a labelled Secret without our owner is not touched either", async () => {
    await using bench = await OperatorBench.create();
    await bench.kube.create(secrets, {
      metadata: { namespace: "shop", name: "db", labels: { "secrets-store.sync.x-k8s.io": "" } },
      data: { theirs: "eA==" },
    });
    bench.vault.set("s", "1");
    await bench.createSync("db", { k: "s" });
    await bench.seconds(1);
    expect(bench.ready("db")).toBe("Ready=False/InvalidClusterSecretAnnotationError");
    expect(bench.data("db")).toEqual({ theirs: "x" });
  });

  test("a Secret that was written before a crash lost its status is taken up again", async () => {
    await using bench = await OperatorBench.create();
    bench.vault.set("s", "1");
    bench.sandbox.failNext({
      match: { resource: "secretsyncs", subresource: "status" },
      status: 500,
      count: 1,
    });
    await bench.createSync("db", { k: "s" });
    await bench.seconds(1);
    expect(bench.data("db")).toEqual({ k: "1" });
    await bench.stop();
    await bench.start();
    await bench.seconds(1);
    expect(bench.ready("db")).toBe("Ready=True/CreateSucceeded");
    expect(bench.data("db")).toEqual({ k: "1" });
  });

  test("a status that could not be written is written soon, without asking the vault again", async () => {
    await using bench = await OperatorBench.create();
    bench.vault.set("s", "1");
    bench.sandbox.failNext({
      match: { resource: "secretsyncs", subresource: "status" },
      status: 500,
      count: 2,
    });
    await bench.createSync("db", { k: "s" });
    await bench.seconds(12);
    expect(bench.ready("db")).toBe("Ready=True/CreateSucceeded");
    expect(bench.vault.requests).toHaveLength(1);
  });

  test.each([
    [
      "a missing class",
      { secretProviderClassName: "absent" },
      "ControllerSpcError",
      'SecretProviderClass "absent" does not exist',
    ],
    [
      "a missing account",
      { serviceAccountName: "absent" },
      "ControllerSyncFailed",
      'ServiceAccount "absent"',
    ],
    [
      "an unknown path",
      { secretObject: { data: [{ sourcePath: "typo", targetKey: "k" }] } },
      "UserInputValidationFailed",
      'sourcePath "typo"',
    ],
    [
      "a type that is not allowed",
      {
        secretObject: {
          type: "kubernetes.io/service-account-token",
          data: [{ sourcePath: "s", targetKey: "k" }],
        },
      },
      "UserInputValidationFailed",
      "not allowed",
    ],
    [
      "a type that needs other keys",
      { secretObject: { type: "kubernetes.io/basic-auth", data: [{ sourcePath: "s", targetKey: "k" }] } },
      "UserInputValidationFailed",
      "username",
    ],
  ])("%s is named with its fix", async (_what, spec, reason, text) => {
    await using bench = await OperatorBench.create();
    bench.vault.set("s", canaryValue);
    await bench.createSync("db", { k: "s" }, spec);
    await bench.seconds(1);
    expect(bench.ready("db")).toBe(`Ready=False/${reason}`);
    expect(bench.message("db")).toContain(text);
    expect(bench.data("db")).toBeUndefined();
    expectNoCanary(bench.allText());
  });

  test("a class with another provider, and one that the provider refuses", async () => {
    await using bench = await OperatorBench.create();
    await bench.createClass("aws", "aws");
    await bench.createSync("a", { k: "s" }, { secretProviderClassName: "aws" });
    bench.vault.failWholly("BadParameters", "keyvaultName is not provided", false);
    await bench.createSync("b", { k: "s" });
    await bench.seconds(1);
    expect(bench.ready("a")).toBe("Ready=False/ControllerSpcError");
    expect(bench.ready("b")).toBe("Ready=False/ControllerSpcError");
  });

  test("a class that appears later is noticed at once", async () => {
    await using bench = await OperatorBench.create();
    bench.vault.set("s", "1");
    await bench.createSync("db", { k: "s" }, { secretProviderClassName: "late" });
    await bench.seconds(1);
    await bench.createClass("late");
    await bench.seconds(1);
    expect(bench.data("db")).toEqual({ k: "1" });
  });

  test("changing the type of an existing Secret is refused with the way out", async () => {
    await using bench = await withSync();
    await bench.patchSync("db", { secretObject: { type: "example.com/other" } });
    await bench.seconds(1);
    expect(bench.ready("db")).toBe("Ready=False/UserInputValidationFailed");
    expect(bench.data("db")).toEqual({ user: "shop", password: canaryValue });
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
    await using bench = await withSync({ rotationPollIntervalInSeconds: 600 });
    await bench.stop();
    bench.vault.set("db-password", "rotated");
    await bench.seconds(1800);
    await bench.start({ rotationPollIntervalInSeconds: 600 });
    await bench.seconds(1);
    expect(bench.data("db")!["password"]).toBe("rotated");
  });

  test("keeps a value that failed at the time of the restart", async () => {
    await using bench = await withSync({ rotationPollIntervalInSeconds: 600 });
    bench.vault.fail("db-user", "Throttled", "429");
    await bench.seconds(601);
    await bench.stop();
    await bench.start({ rotationPollIntervalInSeconds: 600 });
    await bench.seconds(1200);
    expect(bench.data("db")!["user"]).toBe("shop");
  });
});
