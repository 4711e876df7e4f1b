/**
 * Mounts per second of `keyweir provider` over its unix socket, with 16 in flight: one cached object, and objects that
 * are read from emulated vaults with 15 ms latency over TLS. The provider has core 0; client and emulator have core 1.
 */
import { generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { assert } from "../src/core/assert.ts";
import { systemClock, type Clock } from "../src/core/clock.ts";
import { startEmulator, type Emulator, type EmulatorServer } from "../src/emulator/index.ts";
import { systemRandom } from "../src/core/random.ts";
import { customCloud, type Cloud } from "../src/vault/clouds.ts";
import { httpTransport } from "../src/vault/http-transport.ts";
import type { WorkloadIdentity } from "../src/vault/identity.ts";
import { parseTokenAnswer, tokenRequest } from "../src/vault/token-exchange.ts";
import { limitProfiles } from "../src/limits/profiles.ts";
import { readCertificateSecret } from "../src/provider/certificate-secret.ts";
import {
  CSIDriverProviderService,
  MountRequest,
  MountResponse,
  VersionRequest,
} from "../src/provider/gen/service.ts";
import type { Benchmark } from "./benchmark.ts";
import { encodeCall, LoadClient } from "./load-client.ts";
import { nextLine, spawnPinned, usageOf } from "./pinned-process.ts";

/** What one way of mounting did. */
interface MountFigures {
  /** Calls that the same server answers at once: what cached Mounts are compared with. */
  readonly bareCallsPerSecond: number;
  /** Reads of the same vaults without a provider: what uncached Mounts are compared with. */
  readonly bareReadsPerSecond: number;
  readonly mountsPerSecond: number;
  /** Of the provider's own processor time: what it would do on a core of its own, whatever else the machine does. */
  readonly mountsPerCpuSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly vaultRequestsPerMount: number;
  readonly tokenRequests: number;
  readonly rssMb: number;
}

interface BenchCase {
  readonly name: "cached" | "uncached" | "one" | "twenty" | "many";
  readonly latencyMs: number;
  /** A version that is named is read once; the newest one at every Mount. */
  readonly isPinned: boolean;
  /** How many secrets one Mount asks for, of the `objectCount` in turn. */
  readonly objectsPerMount: number;
  readonly objectCount: number;
  readonly inFlight: number;
  /** At least so many Mounts are made. */
  readonly mounts?: number;
}

const cached = { latencyMs: 0, isPinned: true, objectsPerMount: 1, objectCount: 1, inFlight: 16 };
const uncached = { latencyMs: 15, isPinned: false, objectsPerMount: 1, objectCount: 400, inFlight: 16 };

const cases: readonly BenchCase[] = [
  { name: "cached", ...cached },
  { name: "uncached", ...uncached },
  { name: "one", ...uncached, inFlight: 1 },
  { name: "twenty", ...uncached, objectsPerMount: 20, inFlight: 1 },
  { name: "many", ...cached, mounts: 100_000 },
];

/** The compiler of the engine needs some 10,000 Mounts before its code is the final one. */
const warmUpMounts = 12_000;
const warmUpSeconds = 4;
const measuredSeconds = 5;

export const benchmarks: readonly Benchmark[] = [
  {
    name: "provider: Mounts of one cached object, 16 in flight over the unix socket",
    async run() {
      const figures = await measureCase("cached");
      return [
        { name: "bare call of the same server", value: figures.bareCallsPerSecond, unit: "/s" },
        { name: "Mounts", value: figures.mountsPerSecond, unit: "/s", target: { atLeast: 5_000 } },
        {
          name: "Mounts, compared",
          value: figures.mountsPerSecond,
          unit: "/s",
          baseline: "bare call of the same server",
        },
        { name: "Mounts, of one core", value: figures.mountsPerCpuSecond, unit: "/s of one core" },
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
        // At most 1,066 without any work at all.
        { name: "bare reads of the same vaults", value: figures.bareReadsPerSecond, unit: "/s" },
        { name: "Mounts", value: figures.mountsPerSecond, unit: "/s", target: { atLeast: 900 } },
        {
          name: "Mounts, compared",
          value: figures.mountsPerSecond,
          unit: "/s",
          baseline: "bare reads of the same vaults",
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
      const { rssMb } = await measureCase("many");
      return [{ name: "memory", value: rssMb, unit: "MB", target: { atMost: 150 } }];
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
  const server = await startEmulator({
    vaults: vaultNames,
    profile: limitProfiles["azure-2026"],
    latencyMs: bench.latencyMs,
    clock: exactClock,
    ...federation.emulator,
  });
  const vaults = vaultNames.map((name) => server.emulator.vault(name));
  const requestCount = () => vaults.reduce((sum, vault) => sum + vault.counts().total, 0);
  const caPath = join(folder, "ca.pem");
  writeFileSync(caPath, server.caPem);
  const provider = spawnPinned(0, new URL("../bin/keyweir", import.meta.url), [
    "provider",
    `--socket=${socketPath}`,
    `--authority=${server.authorityUrl.origin}`,
    `--vault-suffix=vault.localhost:${server.port}`,
    `--ca-file=${caPath}`,
    "--vault-budget=100%",
    "--log-level=error",
    "--output=json",
  ]);
  try {
    await nextLine(provider);
    const requests = mountRequests(bench, server.emulator, federation.token);
    const mountNext = mountsInTurn(requests);
    // One after the other would take minutes; those are compared with each other only.
    const warmUpAtLeast = bench.inFlight > 1 ? warmUpMounts : 0;
    const warmUp = await repeat(socketPath, mountNext, bench.inFlight, warmUpSeconds, warmUpAtLeast);
    const before = usageOf(provider);
    const requestsBefore = requestCount();
    const startMs = performance.now();
    const atLeast = (bench.mounts ?? 0) - warmUp.length;
    const latencies = await repeat(socketPath, mountNext, bench.inFlight, measuredSeconds, atLeast);
    const seconds = (performance.now() - startMs) / 1_000;
    const after = usageOf(provider);
    const requestsAfter = requestCount();
    const tokenRequests = server.emulator.authorityCounts().token;
    const bareCalls = await repeat(socketPath, versionCall(), bench.inFlight, 1);
    const bareReads =
      bench.latencyMs > 0 ? await readBare(server, federation.token, requests, bench.inFlight) : 0;
    latencies.sort((left, right) => left - right);
    const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0;
    const figures: MountFigures = {
      bareCallsPerSecond: bareCalls.length,
      bareReadsPerSecond: bareReads,
      mountsPerSecond: Math.round(latencies.length / seconds),
      mountsPerCpuSecond: Math.round(latencies.length / (after.cpuSeconds - before.cpuSeconds)),
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      vaultRequestsPerMount: (requestsAfter - requestsBefore) / latencies.length,
      tokenRequests,
      rssMb: Math.round(after.rssBytes / 1e6),
    };
    process.stdout.write(`${JSON.stringify(figures)}\n`);
  } finally {
    provider.kill();
    await server.close();
    rmSync(folder, { recursive: true });
  }
  process.exit(0);
}

/** Node's timers are up to a millisecond late, and under load more: what is asked for here is 15 ms, not 16. */
const exactClock: Clock = {
  ...systemClock,
  setTimer(delayMs, callback) {
    const dueMs = systemClock.monotonicMs() + delayMs;
    let isCancelled = false;
    const wait = () => {
      if (isCancelled) return;
      const leftMs = dueMs - systemClock.monotonicMs();
      if (leftMs <= 0) callback();
      else if (leftMs > 2) setTimeout(wait, leftMs - 2);
      else setImmediate(wait);
    };
    wait();
    return { [Symbol.dispose]: () => (isCancelled = true) };
  },
};

/** So many that none of them is asked for more than a process may ask of one vault. */
const vaultNames = Array.from({ length: 10 }, (_, index) => `demo${index}`);

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

/** One request for each object, or group of them, of each vault in turn. */
function mountRequests(bench: BenchCase, emulator: Emulator, token: string): readonly MountRequest[] {
  const { objectCount, objectsPerMount, isPinned } = bench;
  return Array.from({ length: objectCount / objectsPerMount }, (_, index) => {
    const vaultName = vaultNames[index % vaultNames.length]!;
    const names = Array.from(
      { length: objectsPerMount },
      (_, place) => `s${index * objectsPerMount + place}`,
    );
    const objects = names.map((name) => {
      const id = emulator.vault(vaultName).setSecret(name, "a-value-of-some-forty-characters-length");
      const version = isPinned ? `\n    objectVersion: ${id.slice(id.lastIndexOf("/") + 1)}` : "";
      return `  - |\n    objectName: ${name}\n    objectType: secret${version}\n`;
    });
    return {
      attributes: JSON.stringify({
        "csi.storage.k8s.io/pod.name": "controller",
        "csi.storage.k8s.io/pod.namespace": "shop",
        "csi.storage.k8s.io/serviceAccount.name": "web",
        "csi.storage.k8s.io/serviceAccount.tokens": JSON.stringify({ [audience]: { token } }),
        keyvaultName: vaultName,
        tenantID: emulator.tenantId,
        clientID: clientId,
        objects: `array:\n${objects.join("")}`,
      }),
      secrets: "{}",
      targetPath: "/mnt/secrets-store",
      permission: "420",
      currentObjectVersion: [],
      requestedPaths: names,
      partial: true,
      lane: "routine",
    };
  });
}

/** What a process in the provider's place needs to read the same objects itself. */
interface BareReader {
  readonly cloud: Cloud;
  readonly identity: WorkloadIdentity;
  readonly caPem: string;
  /** Of the objects, in turn. */
  readonly urls: readonly string[];
  readonly inFlight: number;
}

/** Reads per second of a process that does nothing else, on the provider's core. */
async function readBare(
  server: EmulatorServer,
  assertion: string,
  requests: readonly MountRequest[],
  inFlight: number,
): Promise<number> {
  const vaultDnsSuffix = `vault.localhost:${server.port}`;
  const reader: BareReader = {
    cloud: customCloud({ authorityUrl: server.authorityUrl.origin, vaultDnsSuffix }),
    identity: {
      kind: "workload",
      tenantId: server.emulator.tenantId,
      clientId,
      namespace: "shop",
      serviceAccount: "web",
      assertion,
    },
    caPem: server.caPem,
    urls: requests.map(({ requestedPaths }, index) => {
      const vault = vaultNames[index % vaultNames.length]!;
      return `https://${vault}.${vaultDnsSuffix}/secrets/${requestedPaths[0]!}/?api-version=7.4`;
    }),
    inFlight,
  };
  const child = spawnPinned(0, import.meta.url, ["read"]);
  child.stdin!.end(JSON.stringify(reader));
  return Number(await nextLine(child));
}

/** Child: prints how many objects it reads in a second. */
async function read({ cloud, identity, caPem, urls, inFlight }: BareReader): Promise<void> {
  await using transport = httpTransport({ caPem });
  const nowMs = systemClock.wallMs();
  const tokenAnswer = await transport.send(tokenRequest(identity, cloud, {}, nowMs, systemRandom()));
  const token = parseTokenAnswer(tokenAnswer.body, nowMs);
  assert(token !== undefined, "the emulator takes the service account's token");
  const headers = { authorization: `Bearer ${token.token}` };
  let done = 0;
  const readFor = async (seconds: number) => {
    const endMs = performance.now() + seconds * 1_000;
    const worker = async () => {
      while (performance.now() < endMs) {
        const { status } = await transport.send({ method: "GET", url: urls[done++ % urls.length]!, headers });
        assert(status === 200, "every object can be read");
      }
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
  };
  await readFor(2);
  done = 0;
  await readFor(2);
  process.stdout.write(`${Math.round(done / 2)}\n`);
}

type Call = (client: LoadClient) => Promise<unknown>;

/** Mounts one request after the other, again and again. Throws at the first failure. */
function mountsInTurn(requests: readonly MountRequest[]): Call {
  const { path } = CSIDriverProviderService.mount;
  const calls = requests.map((request) => encodeCall(path, MountRequest.encode(request).finish()));
  let next = 0;
  return async (client) => {
    const { results } = MountResponse.decode(await client.call(calls[next++ % calls.length]!));
    const failed = results.find((result) => !result.ok);
    if (failed !== undefined) throw new Error(failed.message);
  };
}

function versionCall(): Call {
  const { path } = CSIDriverProviderService.version;
  const call = encodeCall(path, VersionRequest.encode({ version: "v1alpha1" }).finish());
  return (client) => client.call(call);
}

/** Calls for so many seconds and at least so often, so many at once. Returns each one's milliseconds. */
async function repeat(
  socketPath: string,
  call: Call,
  inFlight: number,
  seconds: number,
  atLeast = 0,
): Promise<number[]> {
  using client = await LoadClient.connect(socketPath);
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

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , role, name] = process.argv;
  if (role === "read") await read((await json(process.stdin)) as BareReader);
  else await load(cases.find((bench) => bench.name === name)!);
}
