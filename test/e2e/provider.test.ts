import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect as connectHttp2, constants, type ClientHttp2Session } from "node:http2";
import { connect as connectSocket, createServer, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sleep, systemClock, withDeadline } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/log.ts";
import { systemRandom } from "../../src/core/random.ts";
import { createClientListener } from "../../src/provider/client-connection.ts";
import { connectProvider, ProviderCallError, type ProviderClient } from "../../src/provider/client.ts";
import {
  MountRequest,
  MountResponse,
  VersionRequest,
  VersionResponse,
} from "../../src/provider/gen/service.ts";
import { startProviderServer } from "../../src/provider/server.ts";
import { createProviderService } from "../../src/provider/service.ts";
import { canaryToken, canaryValue, expectNoCanary } from "../support/canary.ts";
import { FakeVaultObjects } from "../support/fake-vault-objects.ts";
import { mountRequest } from "../support/mount-request.ts";
import { secret, textsOf } from "../support/provider-scene.ts";

let folder: string;
let socketPath: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "keyweir-provider-"));
  socketPath = join(folder, "azure.sock");
});
afterEach(() => rmSync(folder, { recursive: true }));

function vaultWith(values: Readonly<Record<string, string>>, latencyMs = 0) {
  const vault = new FakeVaultObjects(systemClock, latencyMs);
  for (const [name, value] of Object.entries(values)) vault.addSecret(name, { value });
  return vault;
}

function serviceFor(vault: FakeVaultObjects): ProviderClient {
  return createProviderService({ clock: systemClock, random: systemRandom(), gateway: vault });
}

function start(service: ProviderClient, path = socketPath) {
  return startProviderServer({ service, socketPath: path, logger: silentLogger, version: "9.9.9" });
}

async function errorOf(promise: Promise<unknown>): Promise<ProviderCallError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ProviderCallError))
    throw new Error("it did not fail as it should", { cause: error });
  expectNoCanary(error.message);
  return error;
}

test("a Mount over the socket delivers files, and only this user may open it", async () => {
  await using _server = await start(serviceFor(vaultWith({ db: canaryValue })));
  using client = connectProvider(socketPath);
  const response = await client.mount(
    mountRequest({ objects: [secret("db")], requestedPaths: ["db"], partial: true }),
  );
  expect(textsOf(response.files)).toEqual({ db: canaryValue });
  expect(response.results).toMatchObject([{ name: "db", ok: true, version: "v1" }]);
  expect(statSync(socketPath).mode & 0o777).toBe(0o600);
});

test("a request is let go of with its answer, for it holds tokens", async () => {
  const service = serviceFor(vaultWith({ db: canaryValue }));
  const held: MountRequest[] = [];
  await using _server = await start({
    mount(request, signal) {
      held.push(request);
      expect(request.attributes).not.toBe("");
      return service.mount(request, signal);
    },
  });
  using client = connectProvider(socketPath);
  await client.mount(mountRequest({ objects: [secret("db")] }));
  await errorOf(client.mount(mountRequest({ objects: [secret("absent")] })));
  expect(held).toMatchObject([
    { attributes: "", secrets: "" },
    { attributes: "", secrets: "" },
  ]);
});

test("the fields of an error cross the socket", async () => {
  const vault = vaultWith({});
  vault.fail("secret/db", "Throttled", { retryAfterMs: 1_234.5 });
  await using _server = await start(serviceFor(vault));
  using client = connectProvider(socketPath);
  const error = await errorOf(client.mount(mountRequest({ objects: [secret("db")] })));
  expect(error).toMatchObject({ code: "Throttled", retryable: true, retryAfterMs: 1_235 });
  expect(error.message).toMatch(
    /^failed to mount objects, error: failed to get objectType:secret, objectName:db/,
  );
});

test("an error longer than a trailer is cut, not lost", async () => {
  await using _server = await start(serviceFor(vaultWith({})));
  using client = connectProvider(socketPath);
  const objects = Array.from({ length: 500 }, (_, index) => ({ objectName: `é${index}`, objectType: "x" }));
  const error = await errorOf(client.mount(mountRequest({ objects })));
  expect(error.code).toBe("BadObject");
  expect(error.message.length).toBeLessThan(5_000);
});

/** One unary call as the Go client of the CSI driver frames it, with its percent-encoded authority. */
async function callAsGo(path: string, method: string, message: Uint8Array): Promise<RawAnswer> {
  const session = connectHttp2("http://localhost", { createConnection: () => connectSocket(path) });
  session.on("error", () => undefined);
  const answer = await callOver(session, method, message, { ":authority": encodeURIComponent(path) });
  session.close();
  return answer;
}

interface RawAnswer {
  readonly status: string;
  readonly body: Buffer;
}

function callOver(
  session: ClientHttp2Session,
  method: string,
  message: Uint8Array,
  headers: Readonly<Record<string, string>>,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: "POST",
      [constants.HTTP2_HEADER_PATH]: method,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    const chunks: Buffer[] = [];
    let status = "";
    stream.on("response", (headers) => (status = String(headers["grpc-status"] ?? status)));
    stream.on("trailers", (trailers) => (status = String(trailers["grpc-status"] ?? status)));
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("end", () => resolve({ status, body: Buffer.concat(chunks).subarray(5) }));
    const frame = Buffer.alloc(5);
    frame.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([frame, message]));
  });
}

test("a client with a percent-encoded authority is served", async () => {
  await using _server = await start(serviceFor(vaultWith({ db: "value" })));
  const service = "/v1alpha1.CSIDriverProvider";
  const version = await callAsGo(
    socketPath,
    `${service}/Version`,
    VersionRequest.encode({ version: "v1alpha1" }).finish(),
  );
  expect(VersionResponse.decode(version.body)).toEqual({
    version: "v1alpha1",
    runtimeName: "keyweir",
    runtimeVersion: "9.9.9",
  });
  const request = MountRequest.encode(mountRequest({ objects: [secret("db")] })).finish();
  const mounted = await callAsGo(socketPath, `${service}/Mount`, request);
  expect(mounted.status).toBe("0");
  expect(textsOf(MountResponse.decode(mounted.body).files)).toEqual({ db: "value" });
});

test("a client that names the path of the socket as authority is served, as often as it calls", async () => {
  await using _server = await start(serviceFor(vaultWith({})));
  const session = connectHttp2("http://localhost", { createConnection: () => connectSocket(socketPath) });
  const message = VersionRequest.encode({ version: "v1alpha1" }).finish();
  // Each call's own header pushes the authority out of the table of known fields in the end, so it is sent again.
  for (let call = 0; call < 100; call++) {
    const headers = { ":authority": socketPath, "x-call": `${call}`.padStart(60, "x") };
    const answer = await callOver(session, "/v1alpha1.CSIDriverProvider/Version", message, headers);
    expect(answer.status, `call ${call}`).toBe("0");
  }
  session.close();
});

test("only what other clients send is looked through", async () => {
  const connections: Duplex[] = [];
  const listener = createClientListener((connection) => {
    connections.push(connection);
    connection.destroy();
  });
  await new Promise<void>((done) => void listener.server.listen(socketPath, done));
  using client = connectProvider(socketPath);
  await errorOf(client.mount(mountRequest()));
  const session = connectHttp2("http://localhost", { createConnection: () => connectSocket(socketPath) });
  session.on("error", () => undefined);
  await once(session, "close");
  const silent = connectSocket(socketPath);
  await once(silent, "connect");
  listener.close();
  await once(silent, "close");
  expect([connections[0] instanceof Socket, connections.at(-1) instanceof Socket]).toEqual([true, false]);
});

test.each([
  ["", "0", "0801"],
  ["v1alpha1.CSIDriverProvider", "0", "0801"],
  ["other", "5", ""],
])("the health of %j is %s", async (name, status, body) => {
  await using _server = await start(serviceFor(vaultWith({})));
  const message =
    name === "" ? Buffer.alloc(0) : Buffer.concat([Buffer.from([10, name.length]), Buffer.from(name)]);
  const answer = await callAsGo(socketPath, "/grpc.health.v1.Health/Check", message);
  expect([answer.status, answer.body.toString("hex")]).toEqual([status, body]);
});

test("garbage in place of a message is an error of that call alone", async () => {
  await using _server = await start(serviceFor(vaultWith({ db: "value" })));
  for (const garbage of [Buffer.from([0x0a, 0xff, 0xff]), Buffer.alloc(1_000, 0xff)]) {
    const answer = await callAsGo(socketPath, "/v1alpha1.CSIDriverProvider/Mount", garbage);
    expect(answer.status).not.toBe("0");
  }
  using client = connectProvider(socketPath);
  expect((await client.mount(mountRequest({ objects: [secret("db")] }))).files).toHaveLength(1);
});

test("a request over 4 MiB is refused with its size", async () => {
  await using _server = await start(serviceFor(vaultWith({})));
  using client = connectProvider(socketPath);
  const error = await errorOf(client.mount({ ...mountRequest(), secrets: canaryToken.repeat(200_000) }));
  expect(error).toMatchObject({ code: "RESOURCE_EXHAUSTED", retryable: false });
  expect(error.message).toMatch(/larger than max|4194304/);
});

test("an answer over 4 MiB is refused with its size and what to do", async () => {
  await using _server = await start(serviceFor(vaultWith({ big: "x".repeat(25_600) })));
  using client = connectProvider(socketPath);
  const objects = Array.from({ length: 170 }, (_, index) => secret("big", { objectAlias: `f${index}` }));
  const error = await errorOf(client.mount(mountRequest({ objects })));
  expect(error).toMatchObject({ code: "TooLarge", retryable: false });
  const fitting = await client.mount(mountRequest({ objects: objects.slice(0, 160) }));
  expect(fitting.files).toHaveLength(160);
});

test("without a provider a call fails at once and names the socket", async () => {
  using client = connectProvider(socketPath);
  const error = await errorOf(client.mount(mountRequest()));
  expect(error).toMatchObject({ code: "UNAVAILABLE", retryable: true });
  expect(error.message).toBe(
    `No provider listens at unix://${socketPath}: there is no such socket. Start the provider, or correct the path.`,
  );
});

test("a provider that does not answer costs the caller no more than its deadline", async () => {
  const hung = createServer(() => undefined).listen(socketPath);
  await once(hung, "listening");
  using client = connectProvider(socketPath);
  const mounting = withDeadline(systemClock, 200, undefined, (signal) =>
    client.mount(mountRequest(), signal),
  );
  await expect(mounting).rejects.toThrow("200 ms");
  hung.close();
});

test("a cancelled call stops the reads behind it", async () => {
  const vault = vaultWith({ db: "value" }, 60_000);
  await using _server = await start(serviceFor(vault));
  using client = connectProvider(socketPath);
  const controller = new AbortController();
  const mounting = errorOf(client.mount(mountRequest({ objects: [secret("db")] }), controller.signal));
  while (vault.inFlightCount === 0) await sleep(systemClock, 5);
  controller.abort();
  expect((await mounting).code).toBe("CANCELLED");
  while (vault.inFlightCount > 0) await sleep(systemClock, 5);
});

test("a second provider on a live socket is refused and does no harm", async () => {
  await using _server = await start(serviceFor(vaultWith({ db: "value" })));
  await expect(start(serviceFor(vaultWith({})))).rejects.toThrow(
    `Another provider listens on ${socketPath}.`,
  );
  using client = connectProvider(socketPath);
  expect((await client.mount(mountRequest({ objects: [secret("db")] }))).files).toHaveLength(1);
});

/** Leaves a socket behind, as a process that is killed does. */
async function leaveStaleSocket(): Promise<void> {
  const script = `require("node:net").createServer().listen(${JSON.stringify(socketPath)}, () => console.log("up"))`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(existsSync(socketPath)).toBe(true);
}

test("a stale socket is replaced, and its client is told what it is", async () => {
  await leaveStaleSocket();
  using client = connectProvider(socketPath);
  const error = await errorOf(client.mount(mountRequest()));
  expect(error.message).toContain("the socket is left over from one that ended");
  await using _server = await start(serviceFor(vaultWith({ db: "value" })));
  // The client re-connects by itself within its short back-off.
  for (let files = 0; files === 0; await sleep(systemClock, 20)) {
    const answer = await client.mount(mountRequest({ objects: [secret("db")] })).catch(() => undefined);
    files = answer?.files.length ?? 0;
  }
});

test("a client outlives a restart of the provider", async () => {
  const first = await start(serviceFor(vaultWith({ db: "first" })));
  using client = connectProvider(socketPath);
  const read = async () =>
    textsOf((await client.mount(mountRequest({ objects: [secret("db")] }))).files)["db"];
  expect(await read()).toBe("first");
  await first.close();
  expect(existsSync(socketPath)).toBe(false);
  await using _second = await start(serviceFor(vaultWith({ db: "second" })));
  let value: string | undefined;
  while (value === undefined) value = await read().catch(() => sleep(systemClock, 20).then(() => undefined));
  expect(value).toBe("second");
});

test("closing waits for open calls and removes the socket", async () => {
  const server = await start(serviceFor(vaultWith({ db: "value" }, 200)));
  using client = connectProvider(socketPath);
  const mounting = client.mount(mountRequest({ objects: [secret("db")] }));
  await sleep(systemClock, 50);
  await server.close();
  expect((await mounting).files).toHaveLength(1);
  expect(existsSync(socketPath)).toBe(false);
});

test("a client that is killed in the middle of a call leaves the provider well", async () => {
  const vault = vaultWith({ db: "value" }, 300);
  await using _server = await start(serviceFor(vault));
  const script = [
    `const { connect } = require("node:http2");`,
    `const session = connect("http://localhost", { createConnection: () => require("node:net").connect(${JSON.stringify(socketPath)}) });`,
    `const request = session.request({ ":method": "POST", ":path": "/v1alpha1.CSIDriverProvider/Mount", "content-type": "application/grpc", te: "trailers" });`,
    `request.write(Buffer.from(process.argv[1], "base64"));`,
  ].join("\n");
  const message = MountRequest.encode(mountRequest({ objects: [secret("db")] })).finish();
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(message.length, 1);
  const child = spawn(process.execPath, ["-e", script, Buffer.concat([frame, message]).toString("base64")], {
    stdio: "ignore",
  });
  await sleep(systemClock, 300);
  child.kill("SIGKILL");
  await once(child, "exit");
  using client = connectProvider(socketPath);
  expect((await client.mount(mountRequest({ objects: [secret("db")] }))).files).toHaveLength(1);
});

test("a place where no socket can be is refused with the reason", async () => {
  const service = serviceFor(vaultWith({}));
  await expect(start(service, join(folder, "missing", "azure.sock"))).rejects.toThrow(
    "there is no such folder",
  );
  await expect(start(service, join(folder, "x".repeat(120)))).rejects.toThrow("longer than 107 bytes");
  writeFileSync(socketPath, "hello");
  await expect(start(service)).rejects.toThrow("is there already and is not a socket");
  expect(existsSync(socketPath)).toBe(true);
});
