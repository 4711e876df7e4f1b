/**
 * Mounts per second of the provider over its unix socket, with 16 in flight: one cached object, and objects that are
 * read from an emulated vault with 15 ms latency over TLS. The provider has core 0; client and emulator have core 1.
 */
import { generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { assert } from "../src/core/assert.ts";
import { startEmulator } from "../src/emulator/index.ts";
import { limitProfiles } from "../src/limits/profiles.ts";
import { credentials } from "@grpc/grpc-js";
import { readCertificateSecret } from "../src/provider/certificate-secret.ts";
import { noChannelz } from "../src/provider/channel-options.ts";
import { connectProvider, type MountRequest, type ProviderClient } from "../src/provider/client.ts";
import { CSIDriverProviderClient } from "../src/provider/gen/service.ts";
import type { Benchmark } from "./benchmark.ts";
import type { ProviderProcessOptions } from "./provider-process.ts";
import { nextLine, spawnPinned, usageOf } from "./pinned-process.ts";

/** What one way of mounting did. */
interface MountFigures {
  /** Calls that the same server answers at once, for comparison. */
  readonly bareCallsPerSecond: number;
  readonly mountsPerSecond: number;
  /** Of the provider's own processor time: what it would do on a core of its own, whatever else the machine does. */
  readonly mountsPerCpuSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly vaultRequestsPerMount: number;
  readonly tokenRequests: number;
  readonly rssMib: number;
}

interface BenchCase {
  readonly name: "cached" | "uncached" | "one" | "twenty" | "many";
  readonly latencyMs: number;
  readonly cacheTtlMs: number;
  /** How many secrets one Mount asks for, of the `objectCount` in turn. */
  readonly objectsPerMount: number;
  readonly objectCount: number;
  readonly inFlight: number;
  /** At least so many Mounts are made. */
  readonly mounts?: number;
}

const cached = { latencyMs: 0, cacheTtlMs: 3_600_000, objectsPerMount: 1, objectCount: 1, inFlight: 16 };
const uncached = { latencyMs: 15, cacheTtlMs: 0, objectsPerMount: 1, objectCount: 400, inFlight: 16 };

const cases: readonly BenchCase[] = [
  { name: "cached", ...cached },
  { name: "uncached", ...uncached },
  { name: "one", ...uncached, inFlight: 1 },
  { name: "twenty", ...uncached, objectsPerMount: 20, inFlight: 1 },
  { name: "many", ...cached, mounts: 100_000 },
];

/** The compiler of the engine needs some 10,000 Mounts before its code is the final one. */
const warmUpSeconds = 4;
const measuredSeconds = 3;

export const benchmarks: readonly Benchmark[] = [
  {
    name: "provider: Mounts of one cached object, 16 in flight over the unix socket",
    async run() {
      const figures = await measureCase("cached");
      return [
        { name: "bare call of the same server", value: figures.bareCallsPerSecond, unit: "/s" },
        {
          name: "Mounts",
          value: figures.mountsPerSecond,
          unit: "/s",
          baseline: "bare call of the same server",
        },
        {
          name: "Mounts, of one core",
          value: figures.mountsPerCpuSecond,
          unit: "/s of one core",
          target: { atLeast: 5_000 },
        },
        { name: "p50", value: figures.p50Ms, unit: "ms" },
        { name: "p99", value: figures.p99Ms, unit: "ms" },
        {
          name: "vault requests per Mount",
          value: figures.vaultRequestsPerMount,
          unit: "",
          target: { atMost: 0 },
        },
        { name: "token requests", value: figures.tokenRequests, unit: "", target: { atMost: 1 } },
      ];
    },
  },
  {
    name: "provider: Mounts of one uncached object, 16 in flight, vault answers after 15 ms",
    async run() {
      const figures = await measureCase("uncached");
      return [
        { name: "the most that 16 in flight can reach", value: 16 / 0.015, unit: "/s" },
        // 900 of 1,066.
        {
          name: "Mounts",
          value: figures.mountsPerSecond,
          unit: "/s",
          baseline: "the most that 16 in flight can reach",
          target: { atLeast: 0.84 },
        },
        { name: "Mounts, of one core", value: figures.mountsPerCpuSecond, unit: "/s of one core" },
        { name: "p50", value: figures.p50Ms, unit: "ms" },
        { name: "p99", value: figures.p99Ms, unit: "ms" },
        {
          name: "vault requests per Mount",
          value: figures.vaultRequestsPerMount,
          unit: "",
          target: { atMost: 1 },
        },
        { name: "token requests", value: figures.tokenRequests, unit: "", target: { atMost: 1 } },
      ];
    },
  },
  {
    name: "provider: one Mount of 20 uncached objects, vault answers after 15 ms",
    async run() {
      const one = await measureCase("one");
      const twenty = await measureCase("twenty");
      return [
        { name: "Mount of one object, p50", value: one.p50Ms, unit: "ms" },
        {
          name: "Mount of 20 objects, p50",
          value: twenty.p50Ms,
          unit: "ms",
          baseline: "Mount of one object, p50",
          // One after the other would be 20.
          target: { atMost: 4 },
        },
      ];
    },
  },
  {
    name: "provider: memory after 100,000 Mounts",
    timeLimitMs: 300_000,
    async run() {
      const { rssMib } = await measureCase("many");
      return [{ name: "memory", value: rssMib, unit: "MiB", target: { atMost: 150 } }];
    },
  },
  {
    name: "provider: a PFX with 3 certificates becomes PEM",
    async run() {
      const pfx = readFileSync(new URL("../src/provider/fixtures/aes256-sha256.pfx", import.meta.url));
      const text = pfx.toString("base64");
      const durations = Array.from({ length: 200 }, () => {
        const startMs = performance.now();
        const { pem } = readCertificateSecret(text, "application/x-pkcs12");
        assert(pem.split("BEGIN CERTIFICATE").length === 4, "a key and three certificates");
        return performance.now() - startMs;
      }).toSorted((left, right) => left - right);
      return [{ name: "p50", value: durations[100]!, unit: "ms", target: { atMost: 5 } }];
    },
  },
];

async function measureCase(name: BenchCase["name"]): Promise<MountFigures> {
  const child = spawnPinned(1, import.meta.url, ["load", name]);
  const figures = JSON.parse(await nextLine(child)) as MountFigures;
  await once(child, "exit");
  return figures;
}

/** Child: emulator and client. Prints the figures. */
async function load(bench: BenchCase): Promise<void> {
  // Long pauses of the client's own collector would be counted as the provider's.
  setFlagsFromString("--semi-space-growth-factor=1");
  const folder = mkdtempSync(join(tmpdir(), "keyweir-bench-"));
  const socketPath = join(folder, "azure.sock");
  const federation = federate();
  const { latencyMs, cacheTtlMs, objectCount } = bench;
  const server = await startEmulator({
    vaults: ["demo"],
    profile: unlimited,
    latencyMs,
    ...federation.emulator,
  });
  const vault = server.emulator.vault("demo");
  for (let index = 0; index < objectCount; index++)
    vault.setSecret(`s${index}`, "a-value-of-some-forty-characters-length");
  const options: ProviderProcessOptions = { socketPath, caPem: server.caPem, port: server.port, cacheTtlMs };
  const provider = spawnPinned(0, new URL("provider-process.ts", import.meta.url), [JSON.stringify(options)]);
  try {
    await nextLine(provider);
    const requests = mountRequests(bench, server.emulator.tenantId, federation.token);
    const mountNext = mountsInTurn(requests);
    const warmUp = await repeat(socketPath, mountNext, bench.inFlight, warmUpSeconds);
    const before = await usageOf(provider);
    const requestsBefore = vault.counts().total;
    const startMs = performance.now();
    const atLeast = (bench.mounts ?? 0) - warmUp.length;
    const latencies = await repeat(socketPath, mountNext, bench.inFlight, measuredSeconds, atLeast);
    const seconds = (performance.now() - startMs) / 1_000;
    const after = await usageOf(provider);
    const bare = await repeat(socketPath, (client) => client.version(), bench.inFlight, 1);
    latencies.sort((left, right) => left - right);
    const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0;
    const figures: MountFigures = {
      bareCallsPerSecond: bare.length,
      mountsPerSecond: Math.round(latencies.length / seconds),
      mountsPerCpuSecond: Math.round(latencies.length / (after.cpuSeconds - before.cpuSeconds)),
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      vaultRequestsPerMount: (vault.counts().total - requestsBefore) / latencies.length,
      tokenRequests: server.emulator.authorityCounts().token,
      rssMib: Math.round(after.rssBytes / 2 ** 20),
    };
    process.stdout.write(`${JSON.stringify(figures)}\n`);
  } finally {
    provider.kill();
    await server.close();
    rmSync(folder, { recursive: true });
  }
  process.exit(0);
}

/** Limits that are counted but never reached. */
const unlimited = {
  ...limitProfiles["azure-2026"],
  vault: { ...limitProfiles["azure-2026"].vault, other: 10_000_000 },
  subscription: { ...limitProfiles["azure-2026"].subscription, other: 10_000_000 },
};

const clientId = "22222222-2222-4222-8222-222222222222";
const issuer = "https://issuer.localhost";
const subject = "system:serviceaccount:shop:web";
const audience = "api://AzureADTokenExchange";

/** A service account's token, and what makes the emulator take it. */
function federate() {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const nowSeconds = Math.floor(Date.now() / 1_000);
  const times = { iat: nowSeconds, nbf: nowSeconds, exp: nowSeconds + 3_600 };
  const text = `${encode({ alg: "RS256", kid: "k", typ: "JWT" })}.${encode({ iss: issuer, sub: subject, aud: [audience], ...times })}`;
  const keys = [{ ...publicKey.export({ format: "jwk" }), kid: "k", use: "sig", alg: "RS256" }];
  return {
    token: `${text}.${sign("sha256", Buffer.from(text), privateKey).toString("base64url")}`,
    emulator: {
      clients: [{ clientId, clientSecret: "unused" }],
      federatedCredentials: [{ clientId, issuer, subject }],
      trustedIssuers: { [issuer]: { keys } },
    },
  };
}

/** One request for each object, or group of them, in turn. */
function mountRequests(bench: BenchCase, tenantID: string, token: string): readonly MountRequest[] {
  const names = Array.from({ length: bench.objectCount }, (_, index) => `s${index}`);
  return Array.from({ length: bench.objectCount / bench.objectsPerMount }, (_, index) => {
    const wanted = names.slice(index * bench.objectsPerMount, (index + 1) * bench.objectsPerMount);
    const objects = wanted.map((name) => `  - |\n    objectName: ${name}\n    objectType: secret\n`).join("");
    return {
      attributes: JSON.stringify({
        "csi.storage.k8s.io/pod.name": "controller",
        "csi.storage.k8s.io/pod.namespace": "shop",
        "csi.storage.k8s.io/serviceAccount.name": "web",
        "csi.storage.k8s.io/serviceAccount.tokens": JSON.stringify({ [audience]: { token } }),
        keyvaultName: "demo",
        tenantID,
        clientID: clientId,
        objects: `array:\n${objects}`,
      }),
      secrets: "{}",
      targetPath: "/mnt/secrets-store",
      permission: "420",
      currentObjectVersion: [],
      requestedPaths: wanted,
      partial: true,
      lane: "routine",
    };
  });
}

type Call = (client: BenchClient) => Promise<unknown>;

/** Mounts one request after the other, again and again. Throws at the first failure. */
function mountsInTurn(requests: readonly MountRequest[]): Call {
  let next = 0;
  return async (client) => {
    const { results } = await client.mount(requests[next++ % requests.length]!);
    const failed = results.find((result) => !result.ok);
    if (failed !== undefined) throw new Error(failed.message);
  };
}

/** Calls for so many seconds and at least so often, so many at once. Returns each one's milliseconds. */
async function repeat(
  socketPath: string,
  call: Call,
  inFlight: number,
  seconds: number,
  atLeast = 0,
): Promise<number[]> {
  using client = connect(socketPath);
  const endMs = performance.now() + seconds * 1_000;
  const latencies: number[] = [];
  const worker = async () => {
    while (performance.now() < endMs || latencies.length < atLeast) {
      const sentMs = performance.now();
      await call(client);
      latencies.push(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return latencies;
}

interface BenchClient extends ProviderClient, Disposable {
  /** The cheapest call of the protocol. */
  version(): Promise<unknown>;
}

function connect(socketPath: string): BenchClient {
  const provider = connectProvider(socketPath);
  const client = new CSIDriverProviderClient(
    `unix://${socketPath}`,
    credentials.createInsecure(),
    noChannelz,
  );
  return {
    mount: (request) => provider.mount(request),
    version: () =>
      new Promise((resolve, reject) => {
        client.version({ version: "v1alpha1" }, (error, answer) => (error ? reject(error) : resolve(answer)));
      }),
    [Symbol.dispose]() {
      provider[Symbol.dispose]();
      client.close();
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const name = process.argv[3];
  await load(cases.find((bench) => bench.name === name)!);
}
