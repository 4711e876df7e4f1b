import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  writeFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { buildApiServer } from "../apiserver/build.ts";
import { canaryValue } from "../support/canary.ts";
import { endAllProcesses, runKeyweir, startKeyweir } from "../support/keyweir-process.ts";
import { request } from "../support/local-https.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "keyweir-demo-test-"));
const temporary = join(folder, "tmp");
mkdirSync(temporary);
const environment = { TMPDIR: temporary };
let kubectlPath: string;

beforeAll(async () => {
  const binaries = await buildApiServer((line) => void process.stderr.write(`${line}\n`));
  kubectlPath = join(binaries.folder, "kubectl");
});
afterEach(async () => {
  await endAllProcesses();
  rmSync(temporary, { recursive: true });
  mkdirSync(temporary);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Ready {
  readonly kubeconfig: string;
  readonly vaults: { readonly demo: string };
  readonly authority: string;
  readonly tenantId: string;
  readonly clients: readonly [{ readonly clientId: string; readonly clientSecret: string }];
  readonly caFile: string;
}

async function startDemo(args: readonly string[] = []) {
  const process = startKeyweir(["demo", "--output", "json", ...args], environment);
  return { process, ready: JSON.parse(await process.firstLine()) as Ready };
}

async function kubectl(kubeconfig: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run(kubectlPath, ["--kubeconfig", kubeconfig, ...args]);
  return stdout;
}

describe("keyweir demo", () => {
  test("one JSON line tells where everything is; kubectl shows the SecretSyncs Ready; SIGTERM removes all", async () => {
    const { process, ready } = await startDemo();
    const port = new URL(ready.authority).port;
    expect(ready).toEqual({
      ready: true,
      kubeconfig: expect.stringContaining(temporary),
      vaults: { demo: `https://demo.vault.localhost:${port}` },
      authority: expect.stringMatching(/^https:\/\//),
      tenantId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      clients: [{ clientId: expect.any(String), clientSecret: expect.any(String) }],
      caFile: join(dirname(ready.kubeconfig), "ca.pem"),
    });
    const table = await kubectl(ready.kubeconfig, "get", "secretsync", "-A", "--no-headers");
    const rows = table.trimEnd().split("\n");
    expect(rows.map((line) => line.split(/ +/).slice(0, 3).join(" "))).toEqual([
      "billing mirror True",
      "billing stripe True",
      "shop api-token True",
      "shop db True",
    ]);
    process.signal("SIGTERM");
    const { code, afterMs } = await process.exited;
    expect({ code, stderr: process.stderr() }).toEqual({ code: 0, stderr: "" });
    expect(afterMs).toBeLessThan(5_000);
    expect(process.stdout().split("\n")).toHaveLength(2);
    expect(existsSync(ready.kubeconfig)).toBe(false);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("a value written to the vault is in the cluster after the next poll, and in no output", async () => {
    const { process, ready } = await startDemo(["--rotation-poll-interval-in-seconds", "1"]);
    await writeSecret(ready, "db-password", canaryValue);
    await expect
      .poll(() => readKey(ready, "shop", "db", "password"), { timeout: 20_000, interval: 250 })
      .toBe(canaryValue);
    await expect
      .poll(() => readKey(ready, "billing", "mirror", "password"), { timeout: 20_000, interval: 250 })
      .toBe(canaryValue);
    const everything = await kubectl(
      ready.kubeconfig,
      "get",
      "secretsyncs,secretproviderclasses,events",
      "-A",
      "-o",
      "yaml",
    );
    expect(everything).not.toContain(canaryValue);
    process.signal("SIGINT");
    expect(await process.exited).toMatchObject({ code: 0 });
    expect(process.stdout() + process.stderr()).not.toContain(canaryValue);
  });

  test("--once shows one round as plain lines, without a value or control character", async () => {
    const { code, stdout, stderr } = await runKeyweir(["demo", "--once"], environment);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const name of ["shop/db", "shop/api-token", "billing/stripe", "billing/mirror"]) {
      expect(stdout).toMatch(new RegExp(`^  ${name} +yes +\\w+Succeeded +[12] +0 s`, "m"));
    }
    expect(stdout).toContain("Rotated db-password in the vault");
    expect(stdout.match(/in the cluster after/g)).toHaveLength(2);
    // oxlint-disable-next-line no-control-regex -- the very characters that must not be there
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("--once ends with the reason when a SecretSync is not Ready", async () => {
    const examples = join(folder, "without-account");
    cpSync(new URL("../../examples", import.meta.url), examples, { recursive: true });
    writeFileSync(join(examples, "2-service-accounts.yaml"), "");
    const { code, stdout, stderr } = await runKeyweir(
      ["demo", "--once", "--examples", examples],
      environment,
    );
    expect(code).toBe(1);
    expect(stdout).toMatch(/^ {2}shop\/db +no +ControllerSyncFailed/m);
    expect(stderr).toMatch(
      /^4 of 4 SecretSyncs are not Ready:\n {2}shop\/db: ControllerSyncFailed: ServiceAccount/,
    );
    expect(readdirSync(temporary)).toEqual([]);
  });

  test.each([
    ["is missing", undefined, "there is no such folder"],
    ["has no manifest", {}, "There is no YAML file in"],
    ["has broken YAML", { "a.yaml": "kind: Namespace\nmetadata: [" }, "a.yaml, line 2"],
    [
      "has a manifest without a name",
      { "a.yaml": "kind: Namespace\n" },
      "a.yaml, line 1: metadata is missing",
    ],
    ["has a foreign kind", { "a.yaml": "kind: Pod\nmetadata: { name: web }" }, "Pod is not a kind"],
  ])("a folder of manifests that %s is told", async (title, files, message) => {
    const examples = join(folder, title.replaceAll(" ", "-"));
    if (files !== undefined) mkdirSync(examples);
    for (const [name, text] of Object.entries<string>(files ?? {})) writeFileSync(join(examples, name), text);
    const { code, stdout, stderr } = await runKeyweir(
      ["demo", "--once", "--examples", examples],
      environment,
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("KEYWEIR_DEBUG");
  });

  test("a manifest that the cluster refuses is told with its field", async () => {
    const examples = join(folder, "refused");
    mkdirSync(examples);
    const manifest =
      "apiVersion: secret-sync.x-k8s.io/v1alpha1\nkind: SecretSync\nmetadata: { name: db, namespace: default }\nspec: { serviceAccountName: default }\n";
    writeFileSync(join(examples, "sync.yaml"), manifest);
    const { code, stderr } = await runKeyweir(["demo", "--once", "--examples", examples], environment);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^The cluster refuses a manifest: .*"db".*spec\.secretObject: Required value/);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("a second demo beside the first works", async () => {
    const [first, second] = await Promise.all([startDemo(), startDemo()]);
    expect(first.ready.kubeconfig).not.toBe(second.ready.kubeconfig);
    for (const { ready } of [first, second]) {
      expect(await readKey(ready, "shop", "api-token", "token")).toMatch(/^[\w-]{24}$/);
    }
    for (const { process } of [first, second]) process.signal("SIGTERM");
    for (const { process } of [first, second]) expect(await process.exited).toMatchObject({ code: 0 });
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("a signal while it starts ends it cleanly, too", async () => {
    const process = startKeyweir(["demo"], environment);
    await process.untilPrinted("Keyweir demo");
    process.signal("SIGINT");
    expect(await process.exited).toMatchObject({ code: 0 });
    expect(process.stderr()).toBe("");
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("a temporary folder that cannot be written is named", async () => {
    const { code, stdout, stderr } = await runKeyweir(["demo", "--once"], {
      TMPDIR: join(folder, "nowhere"),
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`No folder can be made in ${join(folder, "nowhere")}`);
  });
});

async function readKey(ready: Ready, namespace: string, name: string, key: string): Promise<string> {
  const path = `jsonpath={.data.${key}}`;
  const value = await kubectl(ready.kubeconfig, "get", "secret", name, "-n", namespace, "-o", path);
  return Buffer.from(value, "base64").toString();
}

async function writeSecret(ready: Ready, name: string, value: string): Promise<void> {
  const ca = readFileSync(ready.caFile, "utf8");
  const { clientId, clientSecret } = ready.clients[0];
  const token = await request(`${ready.authority}/${ready.tenantId}/oauth2/v2.0/token`, {
    ca,
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: clientSecret,
      scope: "https://vault.azure.net/.default",
    }).toString(),
  });
  const { access_token: bearer } = JSON.parse(token.body) as { access_token: string };
  const answer = await request(`${ready.vaults.demo}/secrets/${name}?api-version=7.6`, {
    ca,
    method: "PUT",
    headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
    body: JSON.stringify({ value }),
  });
  expect(answer.status).toBe(200);
}
