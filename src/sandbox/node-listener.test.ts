import { createServer, type RequestListener } from "node:http";
import { duplexPair, type Duplex } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { canaryValue, expectNoCanary } from "../../test/support/canary.ts";
import { afterThisTurn } from "../core/clock.ts";
import { toRequestListener } from "./node-listener.ts";
import { createSandbox, type Sandbox } from "./sandbox.ts";
import { bodyLimitBytes } from "./wire.ts";

const secretsPath = "/api/v1/namespaces/default/secrets";

let sandbox: Sandbox;
let listener: RequestListener;
beforeEach(() => {
  sandbox = createSandbox();
  listener = toRequestListener((request) => sandbox.respond(request));
});
afterEach(() => sandbox.close());

test("an answer says how long it is, and its connection serves the next request", async () => {
  const { client, received } = connect();
  client.write(requestText("POST", secretsPath, secretText("first")));
  await turns();
  client.write(requestText("GET", `${secretsPath}/first`));
  await turns();
  const answers = received().split(/(?=HTTP\/1\.1 )/);
  expect(answers.map((answer) => answer.split("\r\n")[0])).toEqual([
    "HTTP/1.1 201 Created",
    "HTTP/1.1 200 OK",
  ]);
  for (const answer of answers) {
    const [head, body = ""] = answer.split("\r\n\r\n");
    expect(head).toContain(`content-length: ${Buffer.byteLength(body)}\r\n`);
    expect(JSON.parse(body)).toMatchObject({ kind: "Secret", metadata: { name: "first" } });
  }
});

test("the events of one turn are one chunk of the stream", async () => {
  const { client, received } = connect();
  client.write(requestText("GET", `${secretsPath}?watch=1`));
  await turns();
  expect(received()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*transfer-encoding: chunked\r\n\r\n$/i);
  for (const name of ["a", "b", "c"]) create(name);
  await turns();
  expect(chunksOf(received()).map((chunk) => chunk.trim().split("\n").length)).toEqual([3]);
});

test("what is there when a watch begins comes with its head", async () => {
  create("a");
  const { client, received } = connect();
  client.write(requestText("GET", `${secretsPath}?watch=1`));
  await turns();
  expect(chunksOf(received())).toEqual([expect.stringContaining('{"type":"ADDED"')]);
});

test("a client that leaves ends its watch", async () => {
  const { client } = connect();
  client.write(requestText("GET", `${secretsPath}?watch=1`));
  await turns();
  expect(sandbox.watchCount).toBe(1);
  client.end();
  await turns();
  expect(sandbox.watchCount).toBe(0);
});

test.each([
  { how: "end", lastText: /\r\n0\r\n\r\n$/ },
  { how: "reset", lastText: /\r\n\r\n$/ },
] as const)("a watch that the sandbox drops ($how) closes as it says", async ({ how, lastText }) => {
  const { client, received, isClosed } = connect();
  client.write(requestText("GET", `${secretsPath}?watch=1`));
  await turns();
  const isReset = how === "reset";
  if (!isReset) create("last");
  sandbox.dropWatches(how);
  create("late");
  await turns();
  expect(received()).toMatch(lastText);
  expect(received()).not.toContain('"late"');
  expect(isClosed()).toBe(isReset);
});

test("a body over the limit is refused, and the connection serves on", async () => {
  const { client, received } = connect();
  client.write(requestText("POST", secretsPath, canaryValue.padEnd(bodyLimitBytes + 1)));
  await turns(100);
  expect(received()).toMatch(/^HTTP\/1\.1 413 /);
  expectNoCanary(received());
  client.write(requestText("GET", "/readyz"));
  await turns();
  expect(received()).toMatch(/HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nok$/);
});

test("a client that leaves within its body changes nothing", async () => {
  const { client, received } = connect();
  client.write(requestText("POST", secretsPath, secretText("half")).slice(0, -5));
  await turns();
  client.end();
  await turns();
  expect(received()).not.toContain("HTTP/1.1 2");
  expect(sandbox.objects("Secret")).toEqual([]);
});

test("a defect is an answer that tells nothing", async () => {
  listener = toRequestListener(() => {
    throw new Error(canaryValue);
  });
  const { client, received } = connect();
  client.write(requestText("GET", "/"));
  await turns();
  expect(received()).toMatch(/^HTTP\/1\.1 500 /);
  expectNoCanary(received());
});

/** A connection to a node server, without a socket. */
function connect(): {
  readonly client: Duplex;
  readonly received: () => string;
  readonly isClosed: () => boolean;
} {
  const [client, side] = duplexPair();
  let text = "";
  client.on("data", (chunk: Buffer) => (text += chunk.toString()));
  createServer(listener).emit("connection", side);
  return { client, received: () => text, isClosed: () => side.destroyed };
}

function requestText(method: string, path: string, body = ""): string {
  const head = `${method} ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n`;
  return `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

function secretText(name: string): string {
  return JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name } });
}

function create(name: string): void {
  const { status } = sandbox.respond({
    method: "POST",
    path: secretsPath,
    query: new URLSearchParams(),
    body: Buffer.from(secretText(name)),
    header: () => undefined,
  }) as { readonly status: number };
  expect(status).toBe(201);
}

/** The chunks of a chunked stream that has not ended. */
function chunksOf(text: string): string[] {
  const body = text.slice(text.indexOf("\r\n\r\n") + 4);
  const chunks: string[] = [];
  for (let at = 0; at < body.length;) {
    const start = body.indexOf("\r\n", at) + 2;
    const end = start + Number.parseInt(body.slice(at, start), 16);
    chunks.push(body.slice(start, end));
    at = end + 2;
  }
  return chunks;
}

async function turns(count = 10): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>(afterThisTurn);
}
