/**
 * Mounts per second of the provider over its unix socket, with 16 in flight: one cached object, and objects that are
 * read from an emulated vault with 15 ms latency over TLS. The provider has core 0; client and emulator have core 1.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { systemClock } from "../src/core/clock.ts";
import { silentLogger } from "../src/core/log.ts";
import { systemRandom } from "../src/core/random.ts";
import { startEmulator } from "../src/emulator/index.ts";
import { limitProfiles } from "../src/limits/profiles.ts";
import { connectProvider, type MountRequest } from "../src/provider/client.ts";
import { startProviderServer } from "../src/provider/server.ts";
import { createProviderService } from "../src/provider/service.ts";
import { customCloud } from "../src/vault/clouds.ts";
import { createVaultGateway } from "../src/vault/gateway.ts";
import { httpTransport } from "../src/vault/http-transport.ts";

/** What one way of mounting did. */
export interface ProviderFigures {
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
  readonly name: "cached" | "uncached" | "twenty";
  readonly latencyMs: number;
  readonly cacheTtlMs: number;
  /** How many secrets one Mount asks for, of the `objectCount` in turn. */
  readonly objectsPerMount: number;
  readonly objectCount: number;
  readonly inFlight: number;
}

const cases: readonly BenchCase[] = [
  { name: "cached", latencyMs: 0, cacheTtlMs: 3_600_000, objectsPerMount: 1, objectCount: 1, inFlight: 16 },
  { name: "uncached", latencyMs: 15, cacheTtlMs: 0, objectsPerMount: 1, objectCount: 400, inFlight: 16 },
  { name: "twenty", latencyMs: 15, cacheTtlMs: 0, objectsPerMount: 20, objectCount: 400, inFlight: 1 },
];

/** The compiler of the engine needs some 10,000 Mounts before its code is the final one. */
const warmUpSeconds = 4;

/** Measures each case for so many seconds after a warm-up. */
export async function measureProvider(seconds = 2): Promise<Readonly<Record<string, ProviderFigures>>> {
  const figures: Record<string, ProviderFigures> = {};
  for (const { name } of cases) {
    const child = spawnPinned(1, ["load", name, String(seconds)]);
    figures[name] = JSON.parse(await firstLine(child)) as ProviderFigures;
    await once(child, "exit");
  }
  return figures;
}

function spawnPinned(core: number, args: readonly string[]): ChildProcess {
  const script = fileURLToPath(import.meta.url);
  return spawn("taskset", ["-c", String(core), process.execPath, script, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
}

async function firstLine(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout! });
  try {
    for await (const line of lines) return line;
    throw new Error("the child process ended without a line");
  } finally {
    lines.close();
  }
}

interface ServeOptions {
  readonly socketPath: string;
  readonly caPem: string;
  readonly port: number;
  readonly cacheTtlMs: number;
}

/** Child: the provider. Tells its processor time and memory for every line on stdin. */
async function serve({ socketPath, caPem, port, cacheTtlMs }: ServeOptions): Promise<void> {
  const clock = systemClock;
  const gateway = createVaultGateway({
    clock,
    random: systemRandom(),
    transport: httpTransport({ caPem }),
    options: { budget: false, cacheTtlMs },
  });
  const defaultCloud = customCloud({
    authorityUrl: `https://localhost:${port}`,
    vaultDnsSuffix: `vault.localhost:${port}`,
  });
  const service = createProviderService({
    clock,
    random: systemRandom(),
    gateway,
    settings: { defaultCloud },
  });
  await startProviderServer({ service, socketPath, logger: silentLogger });
  process.stdout.write("ready\n");
  process.stdin.on("data", () => {
    const { user, system } = process.cpuUsage();
    const answer: ProcessFigures = { cpuSeconds: (user + system) / 1e6, rssBytes: process.memoryUsage().rss };
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  });
}

interface ProcessFigures {
  readonly cpuSeconds: number;
  readonly rssBytes: number;
}

/** Child: emulator and client. Prints the figures. */
async function load(bench: BenchCase, seconds: number): Promise<void> {
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
  const options: ServeOptions = { socketPath, caPem: server.caPem, port: server.port, cacheTtlMs };
  const provider = spawnPinned(0, ["serve", JSON.stringify(options)]);
  try {
    await firstLine(provider);
    const requests = mountRequests(bench, server.emulator.tenantId, federation.token);
    await run(socketPath, requests, bench.inFlight, warmUpSeconds);
    const before = await ask(provider);
    const requestsBefore = vault.counts().total;
    const latencies = await run(socketPath, requests, bench.inFlight, seconds);
    const after = await ask(provider);
    latencies.sort((left, right) => left - right);
    const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0;
    const figures: ProviderFigures = {
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

async function ask(child: ChildProcess): Promise<ProcessFigures> {
  const answer = firstLine(child);
  child.stdin!.write("\n");
  return JSON.parse(await answer) as ProcessFigures;
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

/** Mounts for so many seconds, so many at once. Returns each one's milliseconds; throws at the first failure. */
async function run(socketPath: string, requests: readonly MountRequest[], inFlight: number, seconds: number) {
  using client = connectProvider(socketPath);
  const endMs = performance.now() + seconds * 1_000;
  const latencies: number[] = [];
  let next = 0;
  const worker = async () => {
    while (performance.now() < endMs) {
      const request = requests[next++ % requests.length]!;
      const sentMs = performance.now();
      const { results } = await client.mount(request);
      latencies.push(performance.now() - sentMs);
      const failed = results.find((result) => !result.ok);
      if (failed !== undefined) throw new Error(failed.message);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return latencies;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [role, first = "", seconds] = process.argv.slice(2);
  if (role === "serve") await serve(JSON.parse(first) as ServeOptions);
  else if (role === "load")
    await load(
      cases.find((bench) => bench.name === first)!,
      Number(seconds),
    );
  else console.log(await measureProvider());
}
