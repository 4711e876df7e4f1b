import { spawn, type ChildProcess } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { request } from "undici";
import { createCertificateAuthority } from "../../src/core/certificate-authority.ts";
import { sleep, systemClock } from "../../src/core/clock.ts";
import { messageOf } from "../../src/core/errors.ts";
import { systemRandom } from "../../src/core/random.ts";
import { createKubeClient, type KubeClient } from "../../src/kube/client.ts";
import type { ClusterConfig } from "../../src/kube/cluster-config.ts";
import { httpTransport } from "../../src/kube/http-transport.ts";
import type { CustomResourceDefinition } from "../../src/kube/objects.ts";
import { customResourceDefinitions, serviceAccounts } from "../../src/kube/resources.ts";
import { buildApiServer, buildOldKubectl } from "../apiserver/build.ts";

/** A real Kubernetes API server with its etcd and, unless an envtest bundle has none, its controller-manager. */
export interface ApiServer {
  /** The administrator's kubeconfig. */
  readonly kubeconfigPath: string;
  readonly config: ClusterConfig;
  /** The kubectl of the same version. */
  readonly kubectlPath: string;
  /** When asked for. */
  readonly kubectl129Path?: string;
  /** Garbage collection, default ServiceAccounts and namespace deletion work. */
  readonly hasControllerManager: boolean;
  /** Makes etcd forget all versions but the present one. */
  forgetHistory(): Promise<void>;
  stop(): Promise<void>;
}

export interface ApiServerOptions {
  /** Installed before the controller-manager starts: it collects garbage only of kinds that it knows. */
  readonly crds?: readonly CustomResourceDefinition[];
  /** Also build a kubectl 1.29. */
  readonly withOldKubectl?: boolean;
}

const readyTimeoutMs = 60_000;
const attempts = 3;

/** Starts a server on free ports of this machine, with its own keys, in a folder of its own. */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const log = (line: string) => void process.stderr.write(`${line}\n`);
  const binaries = await buildApiServer(log);
  const oldKubectl = options.withOldKubectl === true ? await buildOldKubectl(log) : undefined;
  for (let attempt = 1; ; attempt++) {
    const processes = await ProcessGroup.start();
    try {
      const started = await startProcesses(binaries, options, processes);
      return {
        ...started,
        kubectlPath: join(binaries.folder, "kubectl"),
        hasControllerManager: binaries.hasControllerManager,
        ...(oldKubectl === undefined ? {} : { kubectl129Path: oldKubectl }),
        stop: () => processes.stop(),
      };
    } catch (error) {
      const logs = await processes.logs();
      await processes.stop();
      // A port that was free may be taken by now.
      const isPortTaken = logs.includes("address already in use");
      if (!isPortTaken || attempt === attempts) {
        throw new Error(`the API server did not start: ${messageOf(error)}\n${logs}`, { cause: error });
      }
    }
  }
}

async function startProcesses(
  binaries: { readonly folder: string; readonly hasControllerManager: boolean },
  options: ApiServerOptions,
  processes: ProcessGroup,
): Promise<Pick<ApiServer, "kubeconfigPath" | "config" | "forgetHistory">> {
  const [etcdPort, port] = await freePorts(2);
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const { folder } = processes;
  const { config, kubeconfigPath } = await writeKeys(folder, `https://127.0.0.1:${port}`);

  processes.spawn(join(binaries.folder, "etcd"), [
    `--data-dir=${folder}/etcd`,
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    "--listen-peer-urls=http://127.0.0.1:0",
    "--unsafe-no-fsync=true",
  ]);
  processes.spawn(join(binaries.folder, "kube-apiserver"), [
    "--advertise-address=127.0.0.1",
    "--bind-address=127.0.0.1",
    `--secure-port=${port}`,
    `--etcd-servers=${etcdUrl}`,
    `--cert-dir=${folder}`,
    `--tls-cert-file=${folder}/server.crt`,
    `--tls-private-key-file=${folder}/server.key`,
    `--client-ca-file=${folder}/ca.crt`,
    `--service-account-issuer=https://127.0.0.1:${port}/`,
    `--service-account-key-file=${folder}/service-accounts.pub`,
    `--service-account-signing-key-file=${folder}/service-accounts.key`,
    "--authorization-mode=RBAC",
    "--service-cluster-ip-range=10.0.0.0/24",
    "--allow-privileged=true",
    ...(binaries.hasControllerManager ? [] : ["--disable-admission-plugins=ServiceAccount"]),
  ]);

  await using transport = httpTransport(config);
  const client = createKubeClient({ transport, clock: systemClock, random: systemRandom() });
  await processes.until(
    async () => (await transport.request({ method: "GET", path: "/readyz" })).status === 200,
  );
  for (const crd of options.crds ?? []) await client.create(customResourceDefinitions, crd);
  for (const crd of options.crds ?? []) await processes.until(() => isEstablished(client, crd));
  const started = { config, kubeconfigPath, forgetHistory: () => compact(etcdUrl) };
  if (!binaries.hasControllerManager) return started;

  processes.spawn(join(binaries.folder, "kube-controller-manager"), [
    `--kubeconfig=${kubeconfigPath}`,
    `--service-account-private-key-file=${folder}/service-accounts.key`,
    `--root-ca-file=${folder}/ca.crt`,
    "--controllers=garbage-collector-controller,namespace-controller,serviceaccount-controller," +
      "serviceaccount-token-controller,root-ca-certificate-publisher-controller",
    "--use-service-account-credentials=true",
    "--leader-elect=false",
    "--secure-port=0",
  ]);
  await processes.until(async () => {
    await client.get(serviceAccounts, { namespace: "default", name: "default" });
    return true;
  });
  return started;
}

/** Through etcd's JSON gateway (`/v3/kv/compaction`). */
async function compact(etcdUrl: string): Promise<void> {
  const call = async (path: string, body: object) => {
    const answer = await request(`${etcdUrl}/v3/${path}`, { method: "POST", body: JSON.stringify(body) });
    return (await answer.body.json()) as { readonly header?: { readonly revision: string } };
  };
  const { header } = await call("maintenance/status", {});
  await call("kv/compaction", { revision: header!.revision, physical: true });
}

async function isEstablished(client: KubeClient, crd: CustomResourceDefinition): Promise<boolean> {
  const { status } = await client.get(customResourceDefinitions, crd.metadata);
  return (status?.conditions ?? []).some(({ type, status }) => type === "Established" && status === "True");
}

/** Certificates of the server and of an administrator, keys of the service accounts, and the kubeconfig. */
async function writeKeys(
  folder: string,
  server: string,
): Promise<{ readonly config: ClusterConfig; readonly kubeconfigPath: string }> {
  const authority = await createCertificateAuthority("keyweir-test", systemClock.wallMs());
  const serving = await authority.issue({
    commonName: "kube-apiserver",
    dnsNames: ["localhost", "kubernetes.default.svc"],
    ipAddresses: ["127.0.0.1", "10.0.0.1"],
  });
  const admin = await authority.issue({ commonName: "admin", organization: "system:masters" });
  const { publicKey, privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    clusters: [
      { name: "test", cluster: { server, "certificate-authority-data": base64(authority.certificatePem) } },
    ],
    users: [
      {
        name: "admin",
        user: {
          "client-certificate-data": base64(admin.certificatePem),
          "client-key-data": base64(admin.keyPem),
        },
      },
    ],
    contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
  };
  const kubeconfigPath = join(folder, "kubeconfig");
  const files: Record<string, string> = {
    "ca.crt": authority.certificatePem,
    "server.crt": serving.certificatePem,
    "server.key": serving.keyPem,
    "service-accounts.pub": publicKey,
    "service-accounts.key": privateKey,
    kubeconfig: JSON.stringify(kubeconfig, null, 2),
  };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, name), text, { mode: 0o600 });
  }
  const config: ClusterConfig = {
    server,
    certificateAuthorityPem: authority.certificatePem,
    clientCertificate: admin,
    namespace: "default",
    source: kubeconfigPath,
  };
  return { config, kubeconfigPath };
}

/**
 * Processes that live no longer than this one, and their folder. A shell holds the other end of a pipe: when this
 * process ends in whatever way, the pipe closes, and the shell kills the others and removes the folder.
 */
class ProcessGroup {
  readonly folder: string;
  readonly #reaper: ChildProcess;
  readonly #children: { readonly process: ChildProcess; readonly logPath: string }[] = [];

  private constructor(folder: string) {
    this.folder = folder;
    const script = 'while read pid; do pids="$pids $pid"; done; kill -9 $pids 2>/dev/null; rm -rf "$1"';
    this.#reaper = spawn("sh", ["-c", script, "sh", folder], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    this.#reaper.unref();
  }

  static async start(): Promise<ProcessGroup> {
    return new ProcessGroup(await mkdtemp(join(tmpdir(), "keyweir-apiserver-")));
  }

  spawn(command: string, args: readonly string[]): void {
    const logPath = join(this.folder, `${this.#children.length}.log`);
    const log = openSync(logPath, "w");
    const child = spawn(command, args, { stdio: ["ignore", log, log], cwd: this.folder, env: {} });
    closeSync(log);
    child.on("error", () => {});
    if (child.pid !== undefined) this.#reaper.stdin!.write(`${child.pid}\n`);
    this.#children.push({ process: child, logPath });
  }

  /** Asks every 50 ms until it is so; rejects when a process has ended or it takes too long. */
  async until(isSo: () => Promise<boolean>): Promise<void> {
    const endMs = systemClock.monotonicMs() + readyTimeoutMs;
    let lastError: unknown = new Error("not ready");
    while (systemClock.monotonicMs() < endMs) {
      try {
        if (await isSo()) return;
      } catch (error) {
        lastError = error;
      }
      const ended = this.#children.find(
        ({ process }) => process.exitCode !== null || process.signalCode !== null,
      );
      if (ended !== undefined) throw new Error(`${ended.process.spawnfile} ended`);
      await sleep(systemClock, 50);
    }
    throw new Error(`not ready after ${readyTimeoutMs} ms: ${messageOf(lastError)}`, { cause: lastError });
  }

  /** The end of what each process wrote. */
  async logs(): Promise<string> {
    const texts = await Promise.all(
      this.#children.map(({ logPath }) => readFile(logPath, "utf8").catch(() => "")),
    );
    return texts.map((text) => text.split("\n").slice(-15).join("\n")).join("\n");
  }

  /** The data is thrown away, so nobody needs to say goodbye. */
  async stop(): Promise<void> {
    for (const { process } of this.#children.toReversed()) {
      if (process.exitCode !== null || process.signalCode !== null || process.pid === undefined) continue;
      const ended = new Promise((resolve) => process.once("exit", resolve));
      process.kill("SIGKILL");
      await ended;
    }
    await rm(this.folder, { recursive: true, force: true });
    this.#reaper.kill("SIGKILL");
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => void server.close(resolve))));
  return ports;
}
