import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildApiServer, buildOldKubectl } from "../apiserver/build.ts";
import { endAllProcesses, startKeyweir } from "../support/keyweir-process.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "keyweir-kubectl-test-"));
const log = (line: string) => void process.stderr.write(`${line}\n`);

const syncYaml = `
apiVersion: secret-sync.x-k8s.io/v1alpha1
kind: SecretSync
metadata: { name: db }
spec:
  secretProviderClassName: vault
  serviceAccountName: default
  secretObject:
    data:
      - { sourcePath: db-password, targetKey: password }
`;

afterAll(() => rmSync(folder, { recursive: true }));

describe.each([
  ["1.29", async () => buildOldKubectl(log)],
  ["1.36", async () => join((await buildApiServer(log)).folder, "kubectl")],
])("kubectl %s against the sandbox", (_version, find) => {
  let kubectlPath: string;
  let kubeconfig: string;

  beforeAll(async () => {
    kubectlPath = await find();
    const sandbox = startKeyweir(["sandbox", "--output", "json"]);
    ({ kubeconfig } = JSON.parse(await sandbox.firstLine()) as { kubeconfig: string });
    await kubectl("create", "namespace", "shop");
  });
  afterAll(endAllProcesses);

  async function kubectl(...args: readonly string[]): Promise<string> {
    const cache = join(folder, "cache");
    const { stdout } = await run(kubectlPath, ["--kubeconfig", kubeconfig, "--cache-dir", cache, ...args]);
    return stdout;
  }

  async function refusalOf(...args: readonly string[]): Promise<string> {
    return kubectl(...args).then(
      (stdout) => `accepted: ${stdout}`,
      (error: { readonly stderr: string }) => error.stderr,
    );
  }

  function manifest(text: string): string {
    const path = join(folder, "manifest.yaml");
    writeFileSync(path, text);
    return path;
  }

  test("creates, shows, labels, annotates and deletes a Secret", async () => {
    const inShop = ["-n", "shop"];
    await kubectl("create", "secret", "generic", "plain", ...inShop, "--from-literal=user=shop");
    await kubectl("label", "secret", "plain", ...inShop, "team=shop");
    await kubectl("annotate", "secret", "plain", ...inShop, "note=hello");
    const json = JSON.parse(await kubectl("get", "secret", "plain", ...inShop, "-o", "json")) as object;
    expect(json).toMatchObject({
      metadata: { labels: { team: "shop" }, annotations: { note: "hello" } },
      data: { user: "c2hvcA==" },
      type: "Opaque",
    });
    expect(await kubectl("get", "secrets", ...inShop, "-l", "team=shop")).toMatch(
      /^NAME +TYPE +DATA +AGE\nplain +Opaque +1 /,
    );
    expect(await kubectl("describe", "secret", "plain", ...inShop)).toContain("user:  4 bytes");
    expect(await kubectl("delete", "secret", "plain", ...inShop)).toContain('secret "plain" deleted');
    expect(await refusalOf("get", "secret", "plain", ...inShop)).toContain("NotFound");
  });

  test("applies a SecretSync, again without change, then with one, and explains its fields", async () => {
    const file = manifest(syncYaml);
    expect(await kubectl("apply", "-n", "shop", "-f", file)).toContain("created");
    expect(await kubectl("apply", "-n", "shop", "-f", file)).toContain("unchanged");
    manifest(`${syncYaml}  forceSynchronization: one\n`);
    expect(await kubectl("apply", "-n", "shop", "-f", file)).toContain("configured");
    expect(await kubectl("get", "ss", "-n", "shop")).toMatch(/^NAME +READY +REASON +SYNCED +AGE\ndb /);
    expect(await kubectl("explain", "secretsync.spec.secretObject.data")).toContain("sourcePath");
    expect(await kubectl("describe", "secretsync", "db", "-n", "shop")).toContain(
      "Force Synchronization:  one",
    );
  });

  test("a manifest that breaks the schema is refused with the field", async () => {
    const file = manifest(syncYaml.replace("db-password", "_wrong"));
    expect(await refusalOf("apply", "-n", "shop", "-f", file)).toContain(
      "spec.secretObject.data[0].sourcePath",
    );
    const unknown = manifest(
      syncYaml.replace("serviceAccountName: default", "serviceAccountName: default\n  typo: 1"),
    );
    expect(await refusalOf("apply", "-n", "shop", "-f", unknown)).toContain('unknown field "spec.typo"');
  });

  test("waits for a condition that comes", async () => {
    await kubectl("apply", "-n", "shop", "-f", manifest(syncYaml.replace("name: db", "name: waited")));
    const waiting = kubectl(
      "wait",
      "--for=condition=Ready",
      "secretsync/waited",
      "-n",
      "shop",
      "--timeout=20s",
    );
    const condition =
      '{"type":"Ready","status":"True","reason":"Test","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}';
    const patch = `{"status":{"conditions":[${condition}]}}`;
    await kubectl(
      "patch",
      "secretsync",
      "waited",
      "-n",
      "shop",
      "--subresource=status",
      "--type=merge",
      "-p",
      patch,
    );
    expect(await waiting).toContain("condition met");
  });

  test("patches in all three ways and creates a token", async () => {
    const inShop = ["-n", "shop"];
    await kubectl("create", "serviceaccount", "reader", ...inShop);
    await kubectl("patch", "serviceaccount", "reader", ...inShop, "-p", '{"metadata":{"labels":{"a":"1"}}}');
    const merge = '{"metadata":{"labels":{"b":"2"}}}';
    await kubectl("patch", "serviceaccount", "reader", ...inShop, "--type=merge", "-p", merge);
    const json = '[{"op":"remove","path":"/metadata/labels/a"}]';
    await kubectl("patch", "serviceaccount", "reader", ...inShop, "--type=json", "-p", json);
    const labels = await kubectl(
      "get",
      "serviceaccount",
      "reader",
      ...inShop,
      "-o",
      "jsonpath={.metadata.labels}",
    );
    expect(JSON.parse(labels)).toEqual({ b: "2" });
    const token = await kubectl(
      "create",
      "token",
      "reader",
      ...inShop,
      "--audience",
      "api://AzureADTokenExchange",
    );
    const claims = JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString()) as object;
    expect(claims).toMatchObject({
      aud: ["api://AzureADTokenExchange"],
      sub: "system:serviceaccount:shop:reader",
    });
  });

  test("server-side apply is refused with words", async () => {
    const file = manifest(syncYaml);
    expect(await refusalOf("apply", "--server-side", "-n", "shop", "-f", file)).toMatch(/server-side apply/i);
  });
});
