/**
 * Secret GETs per second of the emulator over TLS keep-alive, token check and throttle counting included, beside a
 * bare handler on the same machine in the same run. The server has core 0, the load generator core 1.
 */
import { once } from "node:events";
import { connect } from "node:tls";
import { fileURLToPath } from "node:url";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { createCertificateAuthority } from "../src/core/certificate-authority.ts";
import { listen } from "../src/core/listen.ts";
import { startEmulator } from "../src/emulator/index.ts";
import { limitProfiles } from "../src/limits/profiles.ts";
import { nextLine, spawnPinned, usageOf } from "./pinned-process.ts";

/** What one server did under load. */
export interface ServerFigures {
  readonly requestsPerSecond: number;
  /** Of the server's own processor time: what it would do on a core of its own, whatever else the machine does. */
  readonly requestsPerCpuSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly rssMib: number;
  /** From the start of the process to its first answer. */
  readonly readyMs: number;
  readonly non200: number;
}

const connections = 16;
const secretPath = "/secrets/db/?api%2Dversion=2026-04-01";

/** Measures emulator and bare handler one after the other, each for so many seconds after a warm-up. */
export async function measureEmulator(
  seconds = 4,
): Promise<{ readonly emulator: ServerFigures; readonly bare: ServerFigures }> {
  return { bare: await measureServer("bare", seconds), emulator: await measureServer("emulator", seconds) };
}

interface Ready {
  readonly port: number;
  readonly caPem: string;
  readonly host: string;
  readonly token: string;
}

async function measureServer(kind: "emulator" | "bare", seconds: number): Promise<ServerFigures> {
  const startMs = performance.now();
  const server = spawnPinned(0, import.meta.url, ["serve", kind]);
  try {
    const ready = JSON.parse(await nextLine(server)) as Ready;
    const readyMs = performance.now() - startMs;
    const cpuBefore = usageOf(server);
    const load = spawnPinned(1, import.meta.url, ["load", JSON.stringify(ready), String(seconds)]);
    const { requests, ...figures } = JSON.parse(await nextLine(load)) as LoadFigures;
    const { cpuSeconds, rssBytes } = usageOf(server);
    const requestsPerCpuSecond = requests / (cpuSeconds - cpuBefore.cpuSeconds);
    return { ...figures, requestsPerCpuSecond, readyMs, rssMib: rssBytes / 2 ** 20 };
  } finally {
    server.kill();
    await once(server, "exit");
  }
}

type LoadFigures = Omit<ServerFigures, "rssMib" | "readyMs" | "requestsPerCpuSecond"> & {
  /** With those of the warm-up. */
  readonly requests: number;
};

/** Child: serves on a free port, tells how to reach it, then its memory for every line on stdin. */
async function serve(kind: string): Promise<void> {
  const ready = kind === "bare" ? await serveBare() : await serveEmulator();
  process.stdout.write(`${JSON.stringify(ready)}\n`);
}

async function serveEmulator(): Promise<Ready> {
  const server = await startEmulator({ vaults: ["demo"], profile: unlimited });
  server.emulator.vault("demo").setSecret("db", "a-value-of-some-forty-characters-length");
  const { clientId, clientSecret } = server.emulator.clients[0]!;
  const host = server.vaultUrls["demo"]!.host;
  const answer = await server.emulator.handler(
    new Request(`${server.authorityUrl.href}${server.emulator.tenantId}/oauth2/v2.0/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: clientId,
        client_secret: clientSecret,
        scope: `https://${host.slice(host.indexOf(".") + 1)}/.default`,
      }),
    }),
  );
  const { access_token: token } = (await answer.json()) as { readonly access_token: string };
  return { port: server.port, caPem: server.caPem, host, token };
}

/** Limits that are counted but never reached, so that every answer is a whole secret. */
const unlimited = {
  ...limitProfiles["azure-2026"],
  vault: { ...limitProfiles["azure-2026"].vault, other: 10_000_000 },
  subscription: { ...limitProfiles["azure-2026"].subscription, other: 10_000_000 },
};

async function serveBare(): Promise<Ready> {
  const authority = await createCertificateAuthority("bare", Date.now());
  const tls = await authority.issue({ commonName: "localhost", dnsNames: ["localhost"] });
  const app = new Hono();
  app.get("/secrets/:name", (context) => context.json({ value: "a-value-of-some-forty-characters-length" }));
  app.get("/secrets/:name/", (context) => context.json({ value: "a-value-of-some-forty-characters-length" }));
  const respond = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const { port } = await listen((incoming, outgoing) => void respond(incoming, outgoing), {
    name: "bare",
    tls,
  });
  return { port, caPem: authority.certificatePem, host: "localhost", token: "none" };
}

/** Child: sends GETs over 16 connections, one at a time each, and prints the figures. */
async function load(ready: Ready, seconds: number): Promise<void> {
  const warmUp = await run(ready, 1.5);
  const figures = await run(ready, seconds);
  const requests = warmUp.latencies.length + figures.latencies.length;
  const { latencies } = figures;
  latencies.sort((left, right) => left - right);
  const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0;
  const answer: LoadFigures = {
    requests,
    requestsPerSecond: latencies.length / figures.seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    non200: figures.non200,
  };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

/** Raw sockets and a minimal reader of answers, so that the generator costs far less than any server. */
async function run(ready: Ready, seconds: number) {
  const latencies: number[] = [];
  let non200 = 0;
  const startMs = performance.now();
  const endMs = startMs + seconds * 1000;
  const request = Buffer.from(
    [
      `GET ${secretPath} HTTP/1.1`,
      `host: ${ready.host}`,
      `authorization: Bearer ${ready.token}`,
      "accept: application/json",
      "accept-encoding: gzip,deflate",
      "user-agent: azsdk-js-keyvault-secrets/4.12.0 core-rest-pipeline/1.25.0 Node/24",
      "x-ms-client-request-id: 0b7e4a53-9f6b-4a1d-8c3e-4f505d3c1f60",
      "",
      "",
    ].join("\r\n"),
  );
  const worker = () =>
    new Promise<void>((resolve, reject) => {
      let sentMs = 0;
      let missingBytes = 0;
      const servername = ready.host.replace(/:\d+$/, "");
      const socket = connect({ host: "127.0.0.1", port: ready.port, ca: ready.caPem, servername });
      const send = () => {
        sentMs = performance.now();
        if (sentMs >= endMs) socket.end();
        else socket.write(request);
      };
      socket.on("data", (chunk: Buffer) => {
        if (missingBytes === 0) {
          const text = chunk.toString("latin1", 0, 1200);
          const bodyStart = text.indexOf("\r\n\r\n") + 4;
          missingBytes = bodyStart + Number(/content-length: (\d+)/i.exec(text)?.[1]);
          if (!text.startsWith("HTTP/1.1 200")) non200++;
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
  return { latencies, non200, seconds: (performance.now() - startMs) / 1000 };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [role, first = "", second = ""] = process.argv.slice(2);
  if (role === "serve") await serve(first);
  else if (role === "load") await load(JSON.parse(first) as Ready, Number(second));
  else console.log(await measureEmulator());
}
