import { describe, expect, test } from "vitest";
import { canaryValue, expectNoCanary } from "../../../test/support/canary.ts";
import { secrets } from "../../kube/resources.ts";
import { OperatorBench } from "../testing/operator-bench.ts";

describe("trouble", () => {
  test("a failed fetch leaves the Secret as it was, and Ready", async () => {
    await using bench = await OperatorBench.withSync({ rotationPollIntervalInSeconds: 600 });
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
    await using bench = await OperatorBench.withSync({ rotationPollIntervalInSeconds: 600 });
    bench.vault.fail("db-user", "Throttled", "429", 45_000);
    bench.vault.fail("db-password", "BudgetWait", "own share", 30_000);
    await bench.seconds(601);
    expect(bench.ready("db")).toBe("Ready=True/Throttled");
    const status = bench.sync("db").status!;
    const waitMs = Date.parse(status.nextSyncTime!) - Date.parse(status.lastAttemptTime!);
    expect(waitMs).toBeGreaterThanOrEqual(45_000 - 1000);
  });

  test("a key that fails keeps its last good value while the others go on", async () => {
    await using bench = await OperatorBench.withSync({ rotationPollIntervalInSeconds: 600 });
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
    await using bench = await OperatorBench.withSync({
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
    await using bench = await OperatorBench.withSync();
    await bench.patchSync("db", { secretObject: { type: "example.com/other" } });
    await bench.seconds(1);
    expect(bench.ready("db")).toBe("Ready=False/UserInputValidationFailed");
    expect(bench.data("db")).toEqual({ user: "shop", password: canaryValue });
  });

  test.each(["leases", "secrets"])(
    "an API server that fails on %s at the start is waited for",
    async (resource) => {
      await using bench = await OperatorBench.withSync();
      await bench.stop();
      bench.sandbox.failNext({ match: { resource }, status: 500, count: 3 });
      const starting = bench.start();
      await bench.seconds(60);
      await starting;
      await bench.patchSync("db", { forceSynchronization: "again" });
      await bench.seconds(1);
      expect(bench.ready("db")).toBe("Ready=True/UpdateValueChangeOrForceUpdateSucceeded");
    },
  );
});
