/**
 * Writes per second of the Kubernetes sandbox over TLS keep-alive, with one watch on everything that is written. The
 * server has core 0, the load generator core 1.
 */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import { fileURLToPath } from "node:url";
import { startSandbox } from "../src/sandbox/server.ts";
import type { Benchmark, Figure } from "./benchmark.ts";
import { nextLine, spawnPinned, usageOf, type Usage } from "./pinned-process.ts";

type Work = "create" | "merge patch";

interface LoadFigures {
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that are neither 200 nor 201. */
  readonly refused: number;
  /** What the watch saw. */
  readonly events: number;
}

interface Ready {
  readonly port: number;
  readonly caPem: string;
  readonly token: string;
}

const requestCount = 20_000;
const connections = 16;
const secretsPath = "/api/v1/namespaces/default/secrets";

export const benchmarks: readonly Benchmark[] = [
  { name: `sandbox: ${requestCount} Secrets created, then merge-patched, over TLS keep-alive`, run: measure },
];

async function measure(): Promise<readonly Figure[]> {
  const server = spawnPinned(0, import.meta.url, ["serve"]);
  try {
    const ready = await nextLine(server);
    const figures: Figure[] = [{ name: "memory at start", value: mib(usageOf(server)), unit: "MiB" }];
    for (const work of ["create", "merge patch"] as const) {
      const before = usageOf(server);
      const load = spawnPinned(1, import.meta.url, ["load", work, ready]);
      const { seconds, p50Ms, p99Ms, refused, events } = JSON.parse(await nextLine(load)) as LoadFigures;
      const after = usageOf(server);
      figures.push(
        {
          name: work,
          value: requestCount / (after.cpuSeconds - before.cpuSeconds),
          unit: "/s of one core",
          target: { atLeast: 5_000 },
        },
        { name: `${work}, wall clock`, value: requestCount / seconds, unit: "/s" },
        { name: `${work}, p50`, value: p50Ms, unit: "ms" },
        { name: `${work}, p99`, value: p99Ms, unit: "ms" },
        { name: `${work}, refused`, value: refused, unit: "", target: { atMost: 0 } },
        {
          name: `${work}, events of the watch`,
          value: events,
          unit: "",
          target: { atLeast: requestCount },
        },
      );
    }
    figures.push({ name: "memory at the end", value: mib(usageOf(server)), unit: "MiB" });
    return figures;
  } finally {
    server.kill();
    await once(server, "exit");
  }
}

function mib({ rssBytes }: Usage): number {
  return rssBytes / 2 ** 20;
}

/** Child: serves on a free port, tells how to reach it, then what it used for every line on stdin. */
async function serve(): Promise<void> {
  const { port, caPem } = await startSandbox({ adminToken: "bench" });
  process.stdout.write(`${JSON.stringify({ port, caPem, token: "bench" } satisfies Ready)}\n`);
}

/** Child: writes each Secret once over 16 connections, one request at a time each, and prints the figures. */
async function load(work: Work, ready: Ready): Promise<void> {
  const watch = await openWatch(ready);
  const latencies: number[] = [];
  let refused = 0;
  let next = 0;
  const startMs = performance.now();
  const worker = () =>
    new Promise<void>((resolve, reject) => {
      const socket = connectTo(ready);
      let sentMs = 0;
      let missingBytes = 0;
      const send = () => {
        if (next === requestCount) return void socket.end();
        sentMs = performance.now();
        socket.write(requestText(work, next++, ready.token));
      };
      socket.on("data", (chunk: Buffer) => {
        if (missingBytes === 0) {
          const text = chunk.toString("latin1", 0, 1200);
          missingBytes = text.indexOf("\r\n\r\n") + 4 + Number(/content-length: (\d+)/i.exec(text)?.[1]);
          if (!text.startsWith("HTTP/1.1 20")) refused++;
        }
        missingBytes -= chunk.length;
        if (missingBytes > 0) return;
        latencies.push(performance.now() - sentMs);
        send();
      });
      socket
        .on("secureConnect", send)
        .on("close", () => resolve())
        .on("error", reject);
    });
  await Promise.all(Array.from({ length: connections }, worker));
  const seconds = (performance.now() - startMs) / 1000;
  const events = await watch.end();
  latencies.sort((left, right) => left - right);
  const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0;
  const figures: LoadFigures = { seconds, p50Ms: at(0.5), p99Ms: at(0.99), refused, events };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}

function connectTo({ port, caPem }: Ready) {
  return connect({ host: "127.0.0.1", port, ca: caPem, servername: "localhost" });
}

function headOf(method: string, path: string, token: string, more: readonly string[] = []): string {
  const lines = [`${method} ${path} HTTP/1.1`, "host: localhost", `authorization: Bearer ${token}`];
  return [...lines, "accept: application/json", "user-agent: keyweir/bench", ...more, "", ""].join("\r\n");
}

function requestText(work: Work, index: number, token: string): string {
  const name = `secret-${index}`;
  const data = { password: Buffer.from(`${work} ${index}`.padEnd(40, "x")).toString("base64") };
  const body =
    work === "create"
      ? {
          apiVersion: "v1",
          kind: "Secret",
          type: "Opaque",
          metadata: { name, labels: { app: "bench" } },
          data,
        }
      : { metadata: { annotations: { hash: String(index) } }, data };
  const [method, path, type] =
    work === "create"
      ? ["POST", secretsPath, "application/json"]
      : ["PATCH", `${secretsPath}/${name}`, "application/merge-patch+json"];
  const text = JSON.stringify(body);
  return headOf(method, path, token, [`content-type: ${type}`, `content-length: ${text.length}`]) + text;
}

/** Counts the events of one watch. */
async function openWatch(ready: Ready): Promise<{ end(): Promise<number> }> {
  const socket = connectTo(ready);
  let events = 0;
  const list = connectTo(ready);
  list.write(headOf("GET", `${secretsPath}?limit=1`, ready.token));
  const [answer] = (await once(list, "data")) as [Buffer];
  list.end();
  const version = /"resourceVersion":"(\d+)"/.exec(answer.toString())![1]!;
  socket.write(headOf("GET", `${secretsPath}?watch=1&resourceVersion=${version}`, ready.token));
  socket.on("data", (chunk: Buffer) => {
    events += chunk.toString("latin1").split('{"type":"').length - 1;
  });
  return {
    async end() {
      await sleep(200);
      socket.destroy();
      return events;
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [role, first = "", second = ""] = process.argv.slice(2);
  if (role === "serve") await serve();
  else if (role === "load") await load(first as Work, JSON.parse(second) as Ready);
  else console.table(await measure());
}
