import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer as createTcpServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, expect, test } from "vitest";
import {
  createCertificateAuthority,
  type CertificateAuthority,
  type IssuedCertificate,
} from "../../src/core/certificate-authority.ts";
import { systemClock } from "../../src/core/clock.ts";
import { VirtualClock } from "../../src/core/virtual-clock.ts";
import type { ClusterConfig } from "../../src/kube/cluster-config.ts";
import { httpTransport, type HttpTransportOptions } from "../../src/kube/http-transport.ts";
import type { KubeTransport } from "../../src/kube/transport.ts";
import { canaryToken, expectNoCanary } from "../support/canary.ts";

let authority: CertificateAuthority;
let serving: IssuedCertificate;
let resources: AsyncDisposableStack;

beforeAll(async () => {
  authority = await createCertificateAuthority("test", systemClock.wallMs());
  serving = await authority.issue({
    commonName: "server",
    dnsNames: ["kubernetes"],
    ipAddresses: ["127.0.0.1"],
  });
});

afterEach(() => resources.disposeAsync());

interface Running {
  readonly port: number;
  /** Connections accepted so far. */
  connections: number;
}

async function listen(server: Server & { closeAllConnections?: () => void }): Promise<Running> {
  const running = { port: 0, connections: 0 };
  server.on("connection", () => running.connections++);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  running.port = (server.address() as AddressInfo).port;
  resources = new AsyncDisposableStack();
  resources.defer(async () => {
    server.closeAllConnections?.();
    await new Promise((resolve) => void server.close(resolve));
  });
  return running;
}

const overTls = (listener: RequestListener) =>
  listen(createHttpsServer({ cert: serving.certificatePem, key: serving.keyPem }, listener));

function connect(
  port: number,
  more: Partial<ClusterConfig> = {},
  options?: HttpTransportOptions,
): KubeTransport {
  const transport = httpTransport(
    {
      server: `https://127.0.0.1:${port}`,
      certificateAuthorityPem: authority.certificatePem,
      namespace: "default",
      source: "context demo of /k/config",
      ...more,
    },
    options,
  );
  resources.use(transport);
  return transport;
}

const get = (transport: KubeTransport, path = "/api") => transport.request({ method: "GET", path });

test("a hundred requests one after the other share a connection, sixteen at once a few", async () => {
  const server = await overTls((_request, response) => response.end("{}"));
  const transport = connect(server.port, {}, { connections: 4 });
  for (let index = 0; index < 100; index++) await get(transport);
  // The pool may open a second one while the first is being marked free.
  expect(server.connections).toBeLessThanOrEqual(2);
  await Promise.all(Array.from({ length: 16 }, () => get(transport)));
  expect(server.connections).toBeLessThanOrEqual(4);
});

test("method, path below the server's prefix, body, types and token arrive as they should", async () => {
  const seen: unknown[] = [];
  const server = await overTls((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      const { authorization, accept, "content-type": type, "user-agent": agent } = request.headers;
      seen.push(request.method, request.url, body, authorization, accept, type, agent);
      response.writeHead(429, { "retry-after": "3" }).end("busy");
    });
  });
  const transport = connect(server.port, {
    server: `https://127.0.0.1:${server.port}/k8s/c-1`,
    token: canaryToken,
  });
  const answer = await transport.request({
    method: "PATCH",
    path: "/api/v1/x?y=1",
    contentType: "application/merge-patch+json",
    body: "{}",
    userAgent: "tester",
  });
  expect(answer).toEqual({ status: 429, retryAfterMs: 3_000, body: "busy" });
  expect(seen).toEqual([
    "PATCH",
    "/k8s/c-1/api/v1/x?y=1",
    "{}",
    `Bearer ${canaryToken}`,
    "application/json, */*",
    "application/merge-patch+json",
    "tester",
  ]);
});

test("a token file is read again after a minute, and after a 401", async () => {
  const tokens: (string | undefined)[] = [];
  const server = await overTls((request, response) => {
    tokens.push(request.headers.authorization);
    response.writeHead(request.headers.authorization === "Bearer revoked" ? 401 : 200).end("{}");
  });
  const folder = await mkdtemp(join(tmpdir(), "keyweir-token-"));
  resources.defer(() => rm(folder, { recursive: true }));
  const tokenFile = join(folder, "token");
  const clock = new VirtualClock();
  const transport = connect(server.port, { tokenFile }, { clock });
  await expect(get(transport)).rejects.toMatchObject({ code: "Unauthorized" });
  const step = async (token: string, waitMs: number) => {
    await writeFile(tokenFile, `${token}\n`);
    await clock.advance(waitMs);
    await get(transport);
  };
  await step("first", 60_000);
  await step("second", 59_000);
  await step("revoked", 1_000);
  await step("third", 0);
  await rm(tokenFile);
  await clock.advance(60_000);
  await get(transport);
  expect(tokens).toEqual(["first", "first", "revoked", "third", "third"].map((token) => `Bearer ${token}`));
});

test("a server that is not there is named, with the place where its address stands", async () => {
  const server = await overTls((_request, response) => response.end("{}"));
  await resources.disposeAsync();
  resources = new AsyncDisposableStack();
  await expect(get(connect(server.port))).rejects.toMatchObject({
    code: "Unreachable",
    message: `cannot reach the API server at 127.0.0.1:${server.port} (ECONNREFUSED): check that it runs and that the address in context demo of /k/config is right`,
  });
  await expect(get(connect(0, { server: "https://no-such-host.invalid" }))).rejects.toMatchObject({
    code: "Unreachable",
    message: expect.stringContaining("cannot reach the API server at no-such-host.invalid:443 (E"),
  });
});

test("a certificate that is not trusted, or of another name, is refused", async () => {
  const server = await overTls((_request, response) => response.end("{}"));
  const other = await createCertificateAuthority("other", systemClock.wallMs());
  const untrusted = { code: "Untrusted", message: expect.stringContaining(`127.0.0.1:${server.port}`) };
  const foreign = connect(server.port, { certificateAuthorityPem: other.certificatePem });
  await expect(get(foreign)).rejects.toMatchObject(untrusted);
  await expect(get(connect(server.port, { tlsServerName: "elsewhere" }))).rejects.toMatchObject(untrusted);
  expect((await get(connect(server.port, { tlsServerName: "kubernetes" }))).status).toBe(200);
  const unchecked = { insecureSkipTlsVerify: true, certificateAuthorityPem: other.certificatePem };
  expect((await get(connect(server.port, unchecked))).status).toBe(200);
});

test("a server that speaks something else is told from one that is away", async () => {
  const plain = await listen(createHttpServer((_request, response) => response.end("{}")));
  await expect(get(connect(plain.port))).rejects.toMatchObject({
    code: "Unreachable",
    message: expect.stringMatching(/is no API server, or not over https:/),
  });
  await resources.disposeAsync();
  const other = await listen(createTcpServer((socket) => void socket.resume().end("220 mail ready\r\n")));
  await expect(get(connect(other.port, { server: `http://127.0.0.1:${other.port}` }))).rejects.toMatchObject({
    code: "Unreachable",
    message: expect.stringMatching(/is no API server, or not over http:/),
  });
});

test("a client certificate is presented", async () => {
  const client = await authority.issue({ commonName: "admin" });
  const options = {
    cert: serving.certificatePem,
    key: serving.keyPem,
    ca: authority.certificatePem,
    requestCert: true,
    rejectUnauthorized: true,
  };
  const server = await listen(createHttpsServer(options, (_request, response) => response.end("{}")));
  expect((await get(connect(server.port, { clientCertificate: client }))).status).toBe(200);
  const without = get(connect(server.port));
  await expect(without).rejects.toMatchObject({ name: "KubeError" });
});

test("a connection that breaks inside an answer is Disconnected, an abort is its own reason", async () => {
  const server = await overTls((request, response) => {
    if (request.url === "/hang") return;
    response.writeHead(200, { "content-length": "100" }).write('{"half":');
    if (request.url === "/broken") setTimeout(() => request.socket.destroy(), 20);
  });
  const transport = connect(server.port, { token: canaryToken });
  const error: unknown = await get(transport, "/broken").catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "Disconnected", retryable: true });
  expectNoCanary(String((error as Error).stack));
  for (const path of ["/hang", "/half"]) {
    const stopping = new AbortController();
    const reason = new Error("enough");
    const answer = transport.request({ method: "GET", path }, stopping.signal);
    setTimeout(() => stopping.abort(reason), 50);
    await expect(answer).rejects.toBe(reason);
  }
});

test("a request that is given up while it waits for a connection is never sent", async () => {
  const paths: (string | undefined)[] = [];
  let release = () => {};
  const server = await overTls((request, response) => {
    paths.push(request.url);
    if (request.url === "/slow") release = () => response.end("slow");
    else response.end("quick");
  });
  const transport = connect(server.port, {}, { connections: 1 });
  const slow = get(transport, "/slow");
  await expect.poll(() => paths).toEqual(["/slow"]);
  const giveUp = new AbortController();
  const waiting = transport.request({ method: "GET", path: "/given-up" }, giveUp.signal);
  giveUp.abort(new Error("given up"));
  await expect(waiting).rejects.toThrow("given up");
  release();
  expect((await slow).body).toBe("slow");
  expect((await get(transport, "/next")).body).toBe("quick");
  expect(paths).toEqual(["/slow", "/next"]);
});

test("a watch yields lines as they come and tells how it ended", async () => {
  let closed = 0;
  const server = await overTls((request, response) => {
    response.on("close", () => closed++);
    response.writeHead(200).write('{"a":1}\n{"b"');
    setTimeout(() => {
      response.write(":2}\n");
      if (request.url === "/end") response.end();
      if (request.url === "/reset") request.socket.destroy();
    }, 20);
  });
  const transport = connect(server.port);
  const read = async (path: string, signal: AbortSignal, onLine?: (line: string) => void) => {
    const lines: string[] = [];
    const watch = await transport.watch({ method: "GET", path }, signal);
    try {
      for await (const line of watch.lines) {
        lines.push(line);
        onLine?.(line);
      }
    } catch (error) {
      return { lines, error };
    }
    return { lines };
  };
  const never = new AbortController().signal;
  const lines = ['{"a":1}', '{"b":2}'];
  expect(await read("/end", never)).toEqual({ lines });
  expect((await read("/reset", never)).error).toMatchObject({ code: "Disconnected" });
  const stopping = new AbortController();
  const reason = new Error("enough");
  const aborted = read("/stay", stopping.signal, (line) => {
    if (line === lines[1]) stopping.abort(reason);
  });
  expect(await aborted).toEqual({ lines, error: reason });
  await expect.poll(() => closed).toBe(3);
});

test("watches do not take connections from requests", async () => {
  const server = await overTls((request, response) => {
    if (request.url === "/watch") response.writeHead(200).write("{}\n");
    else response.end("{}");
  });
  const transport = connect(server.port, {}, { connections: 1 });
  const stopping = new AbortController();
  for (let index = 0; index < 20; index++)
    await transport.watch({ method: "GET", path: "/watch" }, stopping.signal);
  expect((await get(transport)).status).toBe(200);
  stopping.abort();
});
