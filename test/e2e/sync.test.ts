import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startEmulator, type EmulatorServer, type JsonWebKeySet } from "../../src/emulator/index.ts";
import { httpTransport } from "../../src/kube/http-transport.ts";
import { secretProviderClassCrd } from "../../src/operator/crds/secret-provider-class.ts";
import { secretSyncCrd } from "../../src/operator/crds/secret-sync.ts";
import { startApiServer, type ApiServer } from "../support/api-server.ts";
import { canaryValue, expectNoCanary } from "../support/canary.ts";
import {
  endAllProcesses,
  runKeyweir,
  startKeyweir,
  type KeyweirProcess,
} from "../support/keyweir-process.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "keyweir-sync-test-"));
const clientId = "22222222-2222-4222-8222-222222222222";

let api: ApiServer;
let emulator: EmulatorServer;
let provider: KeyweirProcess;
let controller: KeyweirProcess;
let startController: () => KeyweirProcess;

/** Real kube-apiserver, real sockets, a process each for provider and controller; the vault in this process. */
beforeAll(async () => {
  api = await startApiServer({ crds: [secretSyncCrd, secretProviderClassCrd] });
  emulator = await startEmulator({
    vaults: ["demo"],
    trustedIssuers: { [`${api.config.server}/`]: await publishedKeys() },
    federatedCredentials: [
      { clientId, issuer: `${api.config.server}/`, subject: "system:serviceaccount:shop:reader" },
    ],
  });
  const vault = emulator.emulator.vault("demo");
  vault.setSecret("db-user", "shop");
  vault.setSecret("db-password", canaryValue);

  const caFile = join(folder, "ca.pem");
  writeFileSync(caFile, emulator.caPem);
  const socket = join(folder, "azure.sock");
  const suffix = `vault.localhost:${emulator.port}`;
  const authority = emulator.authorityUrl.origin;
  const vaultFlags = ["--ca-file", caFile, "--authority", authority, "--vault-suffix", suffix];
  provider = startKeyweir(["provider", "--output", "json", "--socket", socket, ...vaultFlags]);
  await provider.firstLine();
  await kubectl("create", "namespace", "azure-secret-store");
  const clusterFlags = ["--kubeconfig", api.kubeconfigPath, "--provider-socket", socket];
  const settings = ["--rotation-poll-interval-in-seconds", "5", "--leader-elect"];
  startController = () => startKeyweir(["controller", "--output", "json", ...clusterFlags, ...settings]);
  controller = startController();
  await controller.firstLine();
});

afterAll(async () => {
  await endAllProcesses();
  await emulator?.close();
  await api?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function publishedKeys(): Promise<JsonWebKeySet> {
  await using transport = httpTransport(api.config);
  const { body } = await transport.request({ method: "GET", path: "/openid/v1/jwks" });
  return JSON.parse(body) as JsonWebKeySet;
}

async function kubectl(...args: readonly string[]): Promise<string> {
  const { stdout } = await run(api.kubectlPath, ["--kubeconfig", api.kubeconfigPath, ...args]);
  return stdout;
}

async function apply(yaml: string): Promise<void> {
  const file = join(folder, "manifest.yaml");
  writeFileSync(file, yaml);
  await kubectl("apply", "-f", file);
}

async function expectSoon(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 150; attempt++) {
    if (await isTrue().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`it did not come about: ${what}`);
}

async function dataOf(name: string): Promise<Record<string, string>> {
  const secret = JSON.parse(await kubectl("get", "secret", name, "-n", "shop", "-o", "json")) as {
    data: Record<string, string>;
  };
  const entries = Object.entries(secret.data);
  return Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value, "base64").toString()]));
}

const namespaceYaml = `
apiVersion: v1
kind: Namespace
metadata: { name: shop }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: reader, namespace: shop }
`;

function classYaml(): string {
  return `
apiVersion: secrets-store.csi.x-k8s.io/v1
kind: SecretProviderClass
metadata: { name: vault, namespace: shop }
spec:
  provider: azure
  parameters:
    keyvaultName: demo
    tenantID: ${emulator.emulator.tenantId}
    clientID: ${clientId}
    objects: |
      array:
        - |
          objectName: db-user
          objectType: secret
        - |
          objectName: db-password
          objectType: secret
`;
}

const syncYaml = `
apiVersion: secret-sync.x-k8s.io/v1alpha1
kind: SecretSync
metadata: { name: db, namespace: shop }
spec:
  secretProviderClassName: vault
  serviceAccountName: reader
  secretObject:
    data:
      - { sourcePath: db-user, targetKey: user }
      - { sourcePath: db-password, targetKey: password }
    labels: { team: shop }
`;

const policyYaml = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: { name: refuse-by-key }
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
      - { apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [secrets] }
  validations:
    - expression: "!has(object.data) || !('refused' in object.data)"
      message: the key "refused" is not allowed here
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: { name: refuse-by-key }
spec: { policyName: refuse-by-key, validationActions: [Deny] }
`;

describe("a secret's way from the vault to a real cluster", () => {
  test("kubectl apply, kubectl wait, and the values are there", async () => {
    await apply(namespaceYaml);
    await apply(`${classYaml()}---${syncYaml}`);
    await kubectl("wait", "--for=condition=Ready", "secretsync/db", "-n", "shop", "--timeout=20s");
    expect(await dataOf("db")).toEqual({ user: "shop", password: canaryValue });
    const table = await kubectl("get", "ss", "-n", "shop");
    expect(table).toMatch(
      /NAME +READY +REASON +SYNCED +AGE\ndb +True +(CreateSucceeded|UpdateNoValueChange)/,
    );
  });

  test("kubectl describe tells what happened, and no value", async () => {
    await expectSoon("the event is there", async () =>
      (await kubectl("describe", "secretsync", "db", "-n", "shop")).includes("Normal  CreateSucceeded"),
    );
    expectNoCanary(await kubectl("describe", "secretsync", "db", "-n", "shop"));
  });

  test("keyweir crds prints what the API server has", async () => {
    const { code, stdout } = await runKeyweir(["crds"]);
    expect(code).toBe(0);
    const file = join(folder, "crds.yaml");
    writeFileSync(file, stdout);
    const printed = await kubectl(
      "apply",
      "--server-side",
      "--force-conflicts",
      "--dry-run=server",
      "-f",
      file,
    );
    expect(printed.match(/serverside-applied \(server dry run\)/g)).toHaveLength(2);
  });

  test("kubectl explain knows the fields", async () => {
    expect(await kubectl("explain", "secretsync.spec.forceSynchronization")).toContain("synchronised now");
  });

  test("a rotated value arrives at the next poll", async () => {
    emulator.emulator.vault("demo").setSecret("db-password", "rotated");
    await expectSoon("the new value is there", async () => (await dataOf("db"))["password"] === "rotated");
  });

  test("a forced synchronisation arrives at once, and the Secret keeps what others added", async () => {
    await kubectl("label", "secret", "db", "-n", "shop", "theirs=yes");
    emulator.emulator.vault("demo").setSecret("db-password", "forced");
    const patch = '{"spec":{"forceSynchronization":"one"}}';
    await kubectl("patch", "secretsync", "db", "-n", "shop", "--type=merge", "-p", patch);
    await expectSoon("the new value is there", async () => (await dataOf("db"))["password"] === "forced");
    const labels = await kubectl("get", "secret", "db", "-n", "shop", "-o", "jsonpath={.metadata.labels}");
    expect(JSON.parse(labels)).toEqual({ "secrets-store.sync.x-k8s.io": "", team: "shop", theirs: "yes" });
  });

  test("a deleted Secret is back within the interval", async () => {
    await kubectl("delete", "secret", "db", "-n", "shop");
    await expectSoon("the Secret is back", async () => (await dataOf("db"))["user"] === "shop");
  });

  test("a foreign Secret of that name is refused and left alone", async () => {
    await kubectl("create", "secret", "generic", "foreign", "-n", "shop", "--from-literal=theirs=1");
    await apply(syncYaml.replace("name: db", "name: foreign"));
    const reason = '{.status.conditions[?(@.type=="Ready")].reason}=InvalidClusterSecretLabelError';
    const subject = ["secretsync/foreign", "-n", "shop", "--timeout=20s"];
    await kubectl("wait", `--for=jsonpath=${reason}`, ...subject);
    expect(await dataOf("foreign")).toEqual({ theirs: "1" });
  });

  test("an account that the identity does not trust is refused with Entra's code", async () => {
    await kubectl("create", "serviceaccount", "stranger", "-n", "shop");
    await apply(
      syncYaml
        .replace("name: db", "name: stranger")
        .replace("serviceAccountName: reader", "serviceAccountName: stranger"),
    );
    const path = 'jsonpath={.status.conditions[?(@.type=="Ready")].message}';
    await expectSoon("the reason is told", async () =>
      (await kubectl("get", "secretsync", "stranger", "-n", "shop", "-o", path)).includes("AADSTS700213"),
    );
  });

  test("a policy of the cluster that refuses is named", async () => {
    await apply(policyYaml);
    const refused = syncYaml.replace("name: db", "name: refused");
    const reason = '{.status.conditions[?(@.type=="Ready")].reason}';
    await expectSoon("the policy is in force", async () => {
      const args = ["create", "secret", "generic", "probe", "-n", "shop", "--dry-run=server"];
      return (
        await kubectl(...args, "--from-literal=refused=1").catch((error: Error) => error.message)
      ).includes("refuse-by-key");
    });
    await apply(refused.replace("targetKey: password", "targetKey: refused"));
    const subject = ["secretsync/refused", "-n", "shop", "--timeout=20s"];
    await kubectl("wait", `--for=jsonpath=${reason}=ValidatingAdmissionPolicyCheckFailed`, ...subject);
  });

  test("when the leader ends, the one that stood by goes on", async () => {
    const standby = startController();
    await standby.firstLine();
    controller.signal("SIGTERM");
    expect((await controller.exited).code).toBe(0);
    expectNoCanary(controller.stdout() + controller.stderr());
    controller = standby;
    emulator.emulator.vault("demo").setSecret("db-password", "after the change");
    await expectSoon(
      "the new value is there",
      async () => (await dataOf("db"))["password"] === "after the change",
    );
  });

  test("a deleted SecretSync takes its Secret along", async () => {
    await kubectl("delete", "secretsync", "db", "-n", "shop");
    await expectSoon("the Secret is gone", async () => {
      const names = await kubectl("get", "secrets", "-n", "shop", "-o", "name");
      return !names.split("\n").includes("secret/db");
    });
  });

  test("both processes end cleanly and have told no secret", async () => {
    for (const child of [controller, provider]) {
      child.signal("SIGTERM");
      const { code, afterMs } = await child.exited;
      expect(code).toBe(0);
      expect(afterMs).toBeLessThan(5000);
      expectNoCanary(child.stdout() + child.stderr());
    }
  });
});
