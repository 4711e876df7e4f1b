/**
 * 1,000 SecretSyncs from nothing to all Ready, with provider and controller in processes of their own and a vault that
 * answers at once: against the real API server, as a ratio to a bare loop that only creates the Secret and patches the
 * status (nothing could do less); and against the sandbox, over its socket.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../src/core/clock.ts";
import { systemRandom } from "../src/core/random.ts";
import { startEmulator, type JsonWebKeySet } from "../src/emulator/index.ts";
import { createKubeClient, type KubeClient } from "../src/kube/client.ts";
import { loadClusterConfig } from "../src/kube/cluster-config.ts";
import { httpTransport } from "../src/kube/http-transport.ts";
import { isAlreadyExists } from "../src/kube/kube-error.ts";
import { namespaces, secrets, serviceAccounts } from "../src/kube/resources.ts";
import { secretProviderClassCrd } from "../src/operator/crds/secret-provider-class.ts";
import { secretSyncCrd } from "../src/operator/crds/secret-sync.ts";
import {
  secretProviderClasses,
  secretSyncs,
  type SecretSync,
} from "../src/operator/secret-sync/secret-sync.ts";
import { startApiServer } from "../test/support/api-server.ts";
import { startKeyweir, type KeyweirProcess } from "../test/support/keyweir-process.ts";
import type { Benchmark, Figure } from "./benchmark.ts";

const count = 1000;
const inFlight = 16;
const indexes = Array.from({ length: count }, (_, index) => index);
const clientId = "22222222-2222-4222-8222-222222222222";

export const benchmarks: readonly Benchmark[] = [
  {
    name: "cold start: 1,000 SecretSyncs, real API server",
    timeLimitMs: 900_000,
    async run() {
      // Each on a fresh server: one that has lived through the other is slower.
      const measured = await onApiServer((path) => coldStart(path, oneObject));
      const loopMs = await onApiServer((path) => bareLoop(path, measured.sample));
      return [
        { name: "bare create + status loop", value: loopMs, unit: "ms" },
        {
          name: "controller, process start included",
          value: measured.readyMs,
          unit: "ms",
          baseline: "bare create + status loop",
          target: { atMost: 1.4 },
        },
        {
          name: "vault requests",
          value: measured.vaultRequests,
          unit: "requests",
          target: { atMost: count },
        },
      ];
    },
  },
  {
    name: "controller: ready on a real API server, nothing to do",
    timeLimitMs: 120_000,
    async run() {
      const { readyMs, rssMib } = await onApiServer(startAlone);
      return [
        { name: "ready after", value: readyMs, unit: "ms", target: { atMost: 1500 } },
        { name: "memory", value: rssMib, unit: "MiB", target: { atMost: 120 } },
      ];
    },
  },
  {
    name: "cold start: 1,000 SecretSyncs of one object, sandbox over its socket",
    timeLimitMs: 120_000,
    run: () => onSandbox((path) => coldStart(path, oneObject)),
  },
  {
    name: "cold start: 1,000 SecretSyncs with an object each, ten in a class, sandbox over its socket",
    timeLimitMs: 120_000,
    run: () => onSandbox((path) => coldStart(path, tenInAClass)),
  },
];

/** Which object of which class each SecretSync reads. */
interface Layout {
  readonly classOf: (index: number) => string;
  readonly objectOf: (index: number) => string;
}

/** As the peers were measured: a class with one object, and every SecretSync reads it. */
const oneObject: Layout = { classOf: () => "shared", objectOf: () => "shared" };
const tenInAClass: Layout = {
  classOf: (index) => `class-${Math.floor(index / 10)}`,
  objectOf: (index) => `object-${index}`,
};

interface Measured {
  readonly readyMs: number;
  readonly controllerReadyMs: number;
  readonly vaultRequests: number;
  /** Processor time of the controller from ready to all Ready. */
  readonly controllerCpuSeconds: number;
  readonly sample: SecretSync;
}

async function onSandbox(measure: (kubeconfigPath: string) => Promise<Measured>): Promise<readonly Figure[]> {
  const sandbox = startKeyweir(["sandbox", "--output", "json"]);
  try {
    const { kubeconfig } = JSON.parse(await sandbox.firstLine()) as { readonly kubeconfig: string };
    const measured = await measure(kubeconfig);
    const perSecond = (count / (measured.readyMs - measured.controllerReadyMs)) * 1000;
    return [
      { name: "from nothing to all Ready", value: measured.readyMs, unit: "ms" },
      { name: "all four processes on this machine's cores", value: perSecond, unit: "/s" },
      { name: "vault requests", value: measured.vaultRequests, unit: "requests", target: { atMost: count } },
      {
        name: "controller, per second of one core",
        value: count / measured.controllerCpuSeconds,
        unit: "/s",
        target: { atLeast: 1500 },
      },
    ];
  } finally {
    await end(sandbox);
  }
}

async function onApiServer<T>(measure: (kubeconfigPath: string) => Promise<T>): Promise<T> {
  const api = await startApiServer({ crds: [secretSyncCrd, secretProviderClassCrd] });
  try {
    return await measure(api.kubeconfigPath);
  } finally {
    await api.stop();
  }
}

async function connect(kubeconfigPath: string) {
  const config = await loadClusterConfig({
    kubeconfigPath,
    env: {},
    readFile: (path) => readFile(path, "utf8"),
  });
  const transport = httpTransport(config);
  return { transport, kube: createKubeClient({ transport, clock: systemClock, random: systemRandom() }) };
}

/** Processor seconds and resident memory of a process, as the kernel counts them (clock ticks of 10 ms). */
async function resourcesOf(pid: number): Promise<{ readonly cpuSeconds: number; readonly rssMib: number }> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
    rssMib: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024,
  };
}

async function startAlone(kubeconfigPath: string) {
  const { transport, kube } = await connect(kubeconfigPath);
  await using _transport = transport;
  await kube.create(namespaces, { metadata: { name: "azure-secret-store" } });
  const startMs = performance.now();
  const controller = startKeyweir(["controller", "--output", "json", "--kubeconfig", kubeconfigPath]);
  try {
    await controller.firstLine();
    const readyMs = performance.now() - startMs;
    return { readyMs, rssMib: (await resourcesOf(controller.pid)).rssMib };
  } finally {
    await end(controller);
  }
}

async function coldStart(kubeconfigPath: string, layout: Layout): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), "keyweir-bench-"));
  const { transport, kube } = await connect(kubeconfigPath);
  await using _transport = transport;
  const get = async (path: string): Promise<unknown> =>
    JSON.parse((await transport.request({ method: "GET", path })).body);
  const { issuer } = (await get("/.well-known/openid-configuration")) as { readonly issuer: string };
  const keys = (await get("/openid/v1/jwks")) as JsonWebKeySet;
  await using vault = await startEmulator({
    vaults: ["demo"],
    trustedIssuers: { [issuer]: keys },
    federatedCredentials: [{ clientId, issuer, subject: "system:serviceaccount:shop:reader" }],
  });
  const processes: KeyweirProcess[] = [];
  try {
    for (const index of indexes) vault.emulator.vault("demo").setSecret(layout.objectOf(index), "value");
    await createObjects(kube, vault.emulator.tenantId, layout);

    const caFile = join(folder, "ca.pem");
    writeFileSync(caFile, vault.caPem);
    const socket = join(folder, "azure.sock");
    const suffix = `vault.localhost:${vault.port}`;
    const vaultFlags = [
      "--ca-file",
      caFile,
      "--authority",
      vault.authorityUrl.origin,
      "--vault-suffix",
      suffix,
      "--vault-budget",
      "100%",
    ];
    const provider = startKeyweir(["provider", "--output", "json", "--socket", socket, ...vaultFlags]);
    processes.push(provider);
    await provider.firstLine();

    // Of the bench's own: no list, which would take the API server's time from the controller.
    const { metadata } = await kube.list(secretSyncs, { namespace: "shop", limit: 1 });
    const startMs = performance.now();
    const clusterFlags = ["--kubeconfig", kubeconfigPath, "--provider-socket", socket];
    const controller = startKeyweir(["controller", "--output", "json", ...clusterFlags]);
    processes.push(controller);
    const isUp = controller.firstLine().then(async () => {
      return { afterMs: performance.now() - startMs, ...(await resourcesOf(controller.pid)) };
    });
    await untilAllReady(kube, metadata.resourceVersion ?? "");
    const readyMs = performance.now() - startMs;
    const [before, after] = [await isUp, await resourcesOf(controller.pid)];
    return {
      readyMs,
      controllerReadyMs: before.afterMs,
      vaultRequests: vault.emulator.vault("demo").counts().total,
      controllerCpuSeconds: after.cpuSeconds - before.cpuSeconds,
      sample: await kube.get(secretSyncs, { namespace: "shop", name: nameOf(0) }),
    };
  } finally {
    for (const process of processes) await end(process);
    rmSync(folder, { recursive: true });
  }
}

async function createObjects(kube: KubeClient, tenantId: string, layout: Layout): Promise<void> {
  for (const name of ["shop", "azure-secret-store"]) {
    await kube.create(namespaces, { metadata: { name } }).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
  }
  await kube.create(serviceAccounts, { metadata: { namespace: "shop", name: "reader" } });
  for (const [name, members] of Map.groupBy(indexes, layout.classOf)) {
    await kube.create(secretProviderClasses, {
      metadata: { namespace: "shop", name },
      spec: {
        provider: "azure",
        parameters: {
          keyvaultName: "demo",
          tenantID: tenantId,
          clientID: clientId,
          objects: objectsOf(members, layout),
        },
      },
    });
  }
  await forEach(async (index) => {
    const spec = {
      secretProviderClassName: layout.classOf(index),
      serviceAccountName: "reader",
      secretObject: { type: "Opaque", data: [{ sourcePath: layout.objectOf(index), targetKey: "value" }] },
    };
    await kube.create(secretSyncs, { metadata: { namespace: "shop", name: nameOf(index) }, spec });
  });
}

function objectsOf(members: readonly number[], { objectOf }: Layout): string {
  const entries = [...new Set(members.map(objectOf))].map(
    (name) => `  - |\n    objectName: ${name}\n    objectType: secret\n`,
  );
  return `array:\n${entries.join("")}`;
}

function nameOf(index: number): string {
  return `secret-${index}`;
}

/** The two writes that each SecretSync needs, with the bodies that the controller writes, and nothing else. */
async function bareLoop(kubeconfigPath: string, sample: SecretSync): Promise<number> {
  const { transport, kube } = await connect(kubeconfigPath);
  await using _transport = transport;
  await createObjects(kube, "", oneObject);
  const startMs = performance.now();
  await forEach(async (index) => {
    const name = nameOf(index);
    await kube.create(secrets, {
      metadata: {
        namespace: "shop",
        name,
        labels: { "secrets-store.sync.x-k8s.io": "" },
        ownerReferences: [
          {
            apiVersion: "secret-sync.x-k8s.io/v1alpha1",
            kind: "SecretSync",
            name,
            uid: sample.metadata.uid ?? "",
          },
        ],
      },
      type: "Opaque",
      data: { value: Buffer.from(name).toString("base64") },
    });
    await kube.patchStatus(secretSyncs, { namespace: "shop", name }, sample.status ?? {});
  });
  return performance.now() - startMs;
}

/** Watches from a version at which none was Ready. */
async function untilAllReady(kube: KubeClient, resourceVersion: string): Promise<void> {
  const ready = new Set<string>();
  const stopping = new AbortController();
  const options = { namespace: "shop", resourceVersion, timeoutSeconds: 600 };
  const { lines } = await kube.watch(secretSyncs, options, stopping.signal);
  for await (const line of lines) {
    const { object } = JSON.parse(line) as { readonly object: SecretSync };
    const conditions = object.status?.conditions ?? [];
    if (conditions.some(({ type, status }) => type === "Ready" && status === "True"))
      ready.add(object.metadata.name);
    if (ready.size === count) break;
  }
  stopping.abort();
}

async function forEach(work: (index: number) => Promise<void>): Promise<void> {
  const waiting = indexes.values();
  const worker = async () => {
    for (const index of waiting) await work(index);
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

async function end(process: KeyweirProcess): Promise<void> {
  process.signal("SIGTERM");
  await process.exited;
}
