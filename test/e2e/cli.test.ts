import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { canaryToken, canaryValue, expectNoCanary } from "../support/canary.ts";
import {
  endAllProcesses,
  type KeyweirProcess,
  runKeyweir,
  startKeyweir,
} from "../support/keyweir-process.ts";
import { request } from "../support/local-https.ts";

const folder = mkdtempSync(join(tmpdir(), "keyweir-cli-test-"));
/** Temporary files of the processes go here, so that what they leave behind is seen. */
const temporary = join(folder, "tmp");
mkdirSync(temporary);
const environment = { TMPDIR: temporary };

afterEach(async () => {
  await endAllProcesses();
  rmSync(temporary, { recursive: true });
  mkdirSync(temporary);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function startJson(args: readonly string[]): Promise<{ process: KeyweirProcess; ready: Ready }> {
  const process = startKeyweir([...args, "--output", "json"], environment);
  return { process, ready: JSON.parse(await process.firstLine()) as Ready };
}

interface Ready {
  readonly ready: boolean;
  readonly vaults: Readonly<Record<string, string>>;
  readonly authority: string;
  readonly tenantId: string;
  readonly clients: readonly { readonly clientId: string; readonly clientSecret: string }[];
  readonly caFile: string;
  readonly kubeconfig: string;
  readonly socket: string;
  readonly [field: string]: unknown;
}

async function expectCleanEnd(process: KeyweirProcess, signal: NodeJS.Signals): Promise<void> {
  process.signal(signal);
  const { code, afterMs } = await process.exited;
  expect({ code, stderr: errorsOf(process) }).toEqual({ code: 0, stderr: "" });
  expect(afterMs).toBeLessThan(5_000);
  expect(readdirSync(temporary)).toEqual([]);
}

/** What is on stderr beside log lines. */
function errorsOf(process: KeyweirProcess): string {
  return process
    .stderr()
    .split("\n")
    .filter((line) => !line.startsWith('{"level"'))
    .join("\n");
}

describe("keyweir emulator", () => {
  test("--output json says how to reach it, and nothing else", async () => {
    const { process, ready } = await startJson(["emulator", "--vaults", "demo,other"]);
    const port = new URL(ready.authority).port;
    expect(ready).toEqual({
      ready: true,
      vaults: {
        demo: `https://demo.vault.localhost:${port}`,
        other: `https://other.vault.localhost:${port}`,
      },
      authority: expect.stringMatching(/^https:\/\/[a-z.]*localhost:\d+$/),
      tenantId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      clients: [{ clientId: expect.any(String), clientSecret: expect.any(String) }],
      caFile: expect.stringContaining(temporary),
    });
    expect(process.stdout().split("\n")).toHaveLength(2);
    await expectCleanEnd(process, "SIGTERM");
    expect(existsSync(ready.caFile)).toBe(false);
  });

  test("a client gets a token, writes and reads a secret, and the audit log tells without the value", async () => {
    const auditLog = join(folder, "audit.jsonl");
    const { process, ready } = await startJson(["emulator", "--audit-log", auditLog]);
    const ca = readFileSync(ready.caFile, "utf8");
    const { clientId, clientSecret } = ready.clients[0]!;
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: clientSecret,
      scope: "https://vault.azure.net/.default",
    });
    const tokenUrl = `${ready.authority}/${ready.tenantId}/oauth2/v2.0/token`;
    const token = await request(tokenUrl, {
      ca,
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: form.toString(),
    });
    const { access_token: bearer } = JSON.parse(token.body) as { access_token: string };
    const secretUrl = `${ready.vaults["demo"]}/secrets/cli-test?api-version=7.6`;
    const headers = { authorization: `Bearer ${bearer}`, "content-type": "application/json" };
    const body = JSON.stringify({ value: canaryValue });
    expect((await request(secretUrl, { ca, method: "PUT", headers, body })).status).toBe(200);
    const read = await request(secretUrl.replace("cli-test", "cli-test/"), { ca, headers });
    expect((JSON.parse(read.body) as { value: string }).value).toBe(canaryValue);
    await expectCleanEnd(process, "SIGINT");
    const lines = readFileSync(auditLog, "utf8").trimEnd().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { operationName: string }).operationName)).toEqual([
      "SecretSet",
      "SecretGet",
    ]);
    expect(statSync(auditLog).mode & 0o777).toBe(0o600);
    expectNoCanary(lines.join("\n") + process.stdout() + process.stderr());
  });

  test("a taken port is named, with what to do", async () => {
    await using taken = await takePort();
    const { code, stdout, stderr } = await runKeyweir(
      ["emulator", "--port", String(taken.port)],
      environment,
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`port ${taken.port}`);
    expect(stderr).toContain("Leave the port out");
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("the text says the same for people, without control characters", async () => {
    const process = startKeyweir(["emulator"], environment);
    await process.untilPrinted("Ctrl-C");
    expect(process.stdout()).toMatch(/vaults +https:\/\/demo\.vault\.localhost:\d+/);
    // oxlint-disable-next-line no-control-regex -- the very characters that must not be there
    expect(process.stdout()).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    await expectCleanEnd(process, "SIGHUP");
  });

  test("it ends when nobody reads its output any more", async () => {
    const executable = new URL("../../bin/keyweir", import.meta.url).pathname;
    const child = spawn(process.execPath, [executable, "emulator"], {
      env: { ...process.env, ...environment },
    });
    child.stdout.destroy();
    child.stderr.destroy();
    const code = await new Promise((resolve) => child.once("exit", resolve));
    expect(code).toBe(0);
    expect(readdirSync(temporary)).toEqual([]);
  });
});

describe("keyweir sandbox", () => {
  test("--output json names a kubeconfig that only this user may read", async () => {
    const { process, ready } = await startJson(["sandbox"]);
    expect(ready).toEqual({ ready: true, kubeconfig: expect.stringContaining(temporary) });
    expect(statSync(ready.kubeconfig).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(ready.kubeconfig)).mode & 0o777).toBe(0o700);
    expect(readFileSync(ready.kubeconfig, "utf8")).toContain("current-context");
    await expectCleanEnd(process, "SIGTERM");
  });

  test("a kubeconfig of one's own choice stays", async () => {
    const path = join(folder, "sandbox.kubeconfig");
    writeFileSync(path, "old", { mode: 0o644 });
    const { process, ready } = await startJson(["sandbox", "--kubeconfig", path]);
    expect(ready.kubeconfig).toBe(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await expectCleanEnd(process, "SIGTERM");
    expect(existsSync(path)).toBe(true);
  });

  test("a taken port is named", async () => {
    await using taken = await takePort();
    const { code, stderr } = await runKeyweir(["sandbox", "--port", String(taken.port)], environment);
    expect(code).toBe(1);
    expect(stderr).toContain(`port ${taken.port}`);
    expect(readdirSync(temporary)).toEqual([]);
  });
});

describe("keyweir provider", () => {
  test("--output json names its socket and health port", async () => {
    const socket = join(folder, "azure.sock");
    const { process, ready } = await startJson(["provider", "--socket", socket, "--healthz-port", "0"]);
    expect(ready).toEqual({ ready: true, socket, healthzPort: expect.any(Number) });
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    const health = `http://127.0.0.1:${String(ready["healthzPort"])}`;
    expect((await fetch(`${health}/healthz`)).status).toBe(200);
    expect((await fetch(`${health}/readyz`)).status).toBe(200);
    rmSync(socket);
    expect((await fetch(`${health}/readyz`)).status).toBe(503);
    await expectCleanEnd(process, "SIGTERM");
  });

  test("a socket left over from a process that died is replaced, a live one is not", async () => {
    const socket = join(folder, "stale.sock");
    const first = startKeyweir(["provider", "--socket", socket], environment);
    await first.untilPrinted("Provider");
    const second = await runKeyweir(["provider", "--socket", socket], environment);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`Another provider listens on ${socket}`);
    first.signal("SIGKILL");
    await first.exited;
    expect(existsSync(socket)).toBe(true);
    const third = startKeyweir(["provider", "--socket", socket], environment);
    await third.untilPrinted("Provider");
    await expectCleanEnd(third, "SIGTERM");
    expect(existsSync(socket)).toBe(false);
  });

  test("a missing CA file is named", async () => {
    const { code, stderr } = await runKeyweir(
      ["provider", "--ca-file", join(folder, "no-ca.pem")],
      environment,
    );
    expect(code).toBe(1);
    expect(stderr).toContain(`--ca-file: there is no file ${join(folder, "no-ca.pem")}.`);
  });
});

describe("keyweir controller", () => {
  test("--output json says what it watches, and its probes answer", async () => {
    const { process: sandbox, ready: cluster } = await startJson(["sandbox"]);
    const args = [
      "controller",
      "--kubeconfig",
      cluster.kubeconfig,
      "--health-port",
      "0",
      "--metrics-port",
      "0",
    ];
    const { process, ready } = await startJson([...args, "--provider-socket", join(folder, "none.sock")]);
    expect(ready).toMatchObject({
      ready: true,
      server: expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+$/),
      watches: ["secretsyncs.secret-sync.x-k8s.io", "secretproviderclasses.secrets-store.csi.x-k8s.io"],
    });
    expect((await fetch(`http://127.0.0.1:${String(ready["healthPort"])}/readyz`)).status).toBe(200);
    const metrics = await fetch(`http://127.0.0.1:${String(ready["metricsPort"])}/metrics`);
    expect(await metrics.text()).toContain("keyweir_secretsyncs 0");
    process.signal("SIGTERM");
    expect(await process.exited).toMatchObject({ code: 0 });
    await expectCleanEnd(sandbox, "SIGTERM");
  });

  test("a cluster without the CRDs is told", async () => {
    const { process: sandbox, ready } = await startJson(["sandbox", "--no-manifests"]);
    const { code, stderr } = await runKeyweir(["controller", "--kubeconfig", ready.kubeconfig], environment);
    expect(code).toBe(1);
    expect(stderr).toContain("The cluster does not know secretsyncs.secret-sync.x-k8s.io.");
    await expectCleanEnd(sandbox, "SIGTERM");
  });

  test("an API server that is not there is named with its address, the token is not", async () => {
    await using taken = await takePort();
    const { port } = taken;
    await taken[Symbol.asyncDispose]();
    const kubeconfig = join(folder, "unreachable.kubeconfig");
    writeFileSync(kubeconfig, kubeconfigFor(`https://127.0.0.1:${port}`));
    const { code, stdout, stderr } = await runKeyweir(
      ["controller", "--kubeconfig", kubeconfig],
      environment,
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`Cannot reach the API server at 127.0.0.1:${port} (ECONNREFUSED)`);
    expectNoCanary(stderr);
  });
});

test("help and wrong usage are the same in a real process", async () => {
  expect(await runKeyweir(["--help"])).toMatchObject({ code: 0, stderr: "" });
  const wrong = await runKeyweir(["emulator", "--port", "x"]);
  expect(wrong).toMatchObject({ code: 2, stdout: "" });
  expect(wrong.stderr).toContain("--port must be a whole number from 0 to 65,535, not x.");
});

async function takePort(): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

function kubeconfigFor(server: string): string {
  return `apiVersion: v1
kind: Config
current-context: test
clusters: [{ name: test, cluster: { server: "${server}", insecure-skip-tls-verify: true } }]
users: [{ name: test, user: { token: "${canaryToken}" } }]
contexts: [{ name: test, context: { cluster: test, user: test } }]
`;
}
