import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { duplexPair } from "node:stream";
import { connect as connectTls } from "node:tls";
import { generateKeyPairSync, sign } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createEmulator, startEmulator, type EmulatorServer } from "../../src/emulator/index.ts";
import { canaryToken, expectNoCanary } from "../support/canary.ts";
import { requestToken } from "../support/emulator-requests.ts";

let server: EmulatorServer;
let isOpen: boolean;
const auditedAddresses: string[] = [];

beforeEach(async () => {
  server = await startEmulator({
    vaults: ["demo"],
    capturePort: 0,
    imdsPort: 0,
    onAuditRecord: ({ callerIpAddress }) => auditedAddresses.push(callerIpAddress),
  });
  isOpen = true;
});
afterEach(async () => {
  if (isOpen) await server.close();
});

const connectText = (host: string) => `CONNECT ${host}:443 HTTP/1.1\r\nhost: ${host}:443\r\n\r\n`;

/** A connection to a port of the emulator, when it is there; a reset is as good as an end. */
async function open(port: number, text: string | Buffer = ""): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port });
  socket.on("error", () => {});
  await once(socket, "connect");
  if (text.length > 0) socket.write(text);
  return socket;
}

const portOf = (url: URL | undefined) => Number(url!.port);

async function firstAnswer(socket: Socket): Promise<Buffer> {
  const [chunk] = (await once(socket, "data")) as [Buffer];
  return chunk;
}

/** One request with TLS through the proxy. */
async function throughProxy(host: string, path: string): Promise<string> {
  const socket = await open(portOf(server.proxyUrl), connectText(host));
  expect(String(await firstAnswer(socket))).toBe("HTTP/1.1 200 Connection established\r\n\r\n");
  const secure = connectTls({ socket, servername: host, ca: server.caPem });
  await once(secure, "secureConnect");
  secure.write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
  let text = "";
  for await (const chunk of secure) text += String(chunk);
  return text;
}

describe("the capture proxy", () => {
  test.each([
    ["demo.vault.azure.net", "/secrets?api-version=7.6", "401", "https://vault.azure.net"],
    ["demo.vault.azure.cn", "/secrets?api-version=7.6", "401", "https://vault.azure.cn"],
    ["demo.vault.usgovcloudapi.net", "/secrets?api-version=7.6", "401", "https://vault.usgovcloudapi.net"],
    ["login.microsoftonline.com", "/common/discovery/instance", "200", "tenant_discovery_endpoint"],
    ["login.windows.net", "/common/discovery/instance", "200", "tenant_discovery_endpoint"],
    ["login.chinacloudapi.cn", "/common/discovery/instance", "200", "tenant_discovery_endpoint"],
    ["login.partner.microsoftonline.cn", "/common/discovery/instance", "200", "tenant_discovery_endpoint"],
    ["login.microsoftonline.us", "/common/discovery/instance", "200", "tenant_discovery_endpoint"],
  ])("gives a certificate and an answer for %s", async (host, path, status, text) => {
    const answer = await throughProxy(host, path);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain(text);
    expect(server.captureCounts()).toEqual({ captured: { [host]: 1 }, refused: {} });
  });

  test("shows the emulator the client's own address", async () => {
    auditedAddresses.length = 0;
    await throughProxy("demo.vault.azure.net", "/secrets?api-version=7.6");
    expect(auditedAddresses).toEqual(["127.0.0.1"]);
  });

  test("takes a handshake that comes in one packet with CONNECT", async () => {
    const [inside, outside] = duplexPair();
    const host = "demo.vault.azure.net";
    connectTls({ socket: inside, servername: host, ca: server.caPem }).on("error", () => {});
    const [hello] = (await once(outside, "data")) as [Buffer];
    const socket = await open(
      portOf(server.proxyUrl),
      Buffer.concat([Buffer.from(connectText(host)), hello]),
    );
    let answer = Buffer.alloc(0);
    for await (const chunk of socket) {
      answer = Buffer.concat([answer, chunk as Buffer]);
      if (answer.length > 100) break;
    }
    const end = answer.indexOf("\r\n\r\n") + 4;
    // A TLS record of the handshake.
    expect(answer[end]).toBe(0x16);
  });

  test("drops no answer of its refusal for a client that sends on", async () => {
    const socket = await open(portOf(server.proxyUrl), connectText("evil.example") + canaryToken.repeat(10));
    let text = "";
    for await (const chunk of socket) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1\.1 403 /);
    expectNoCanary(text + JSON.stringify(server.captureCounts()));
  });
});

describe("connections of hostile clients", () => {
  const hostile: readonly (readonly [string, (server: EmulatorServer) => Promise<Socket>])[] = [
    ["to the vaults without a handshake", ({ port }) => open(port)],
    ["to the vaults with half a handshake", ({ port }) => open(port, Buffer.from([0x16, 3, 1, 2, 0, 1]))],
    ["to the proxy without a request", ({ proxyUrl }) => open(portOf(proxyUrl))],
    ["to the proxy with half a request", ({ proxyUrl }) => open(portOf(proxyUrl), "CONNECT demo.vau")],
    [
      "through the proxy without a handshake",
      ({ proxyUrl }) => open(portOf(proxyUrl), connectText("demo.vault.azure.net")),
    ],
    [
      "to the proxy with half a body",
      ({ proxyUrl }) =>
        open(
          portOf(proxyUrl),
          "POST http://169.254.169.254/ HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nx",
        ),
    ],
    ["to IMDS with half a request", ({ imdsUrl }) => open(portOf(imdsUrl), "GET /metadata")],
  ];

  test.each(hostile)("%s end with the server, at once", async (_what, connectTo) => {
    const socket = await connectTo(server);
    const closed = once(socket.resume(), "close");
    await settle();
    const startMs = performance.now();
    await server.close();
    isOpen = false;
    await closed;
    expect(performance.now() - startMs).toBeLessThan(2_000);
  });

  test("leave nothing behind when they go, and the next client is served", async () => {
    const before = openSockets();
    for (const [, connectTo] of hostile) {
      for (const isReset of [false, true]) {
        const socket = await connectTo(server);
        await settle();
        if (isReset) socket.resetAndDestroy();
        else socket.destroy();
      }
    }
    const answer = await open(
      portOf(server.proxyUrl),
      `${connectText("demo.vault.azure.net")}${canaryToken}\r\n\r\n`,
    );
    await once(answer.resume(), "close");
    await expectSoon(openSockets, before);
    expect(await throughProxy("demo.vault.azure.net", "/")).toContain("HTTP/1.1 4");
  });
});

describe("ports", () => {
  test.each([
    ["capturePort", "emulator capture proxy"],
    ["imdsPort", "emulator managed-identity endpoint"],
  ])("that are taken (%s) are named, and nothing listens then", async (option, name) => {
    const before = openServers();
    await expect(startEmulator({ vaults: ["demo"], [option]: server.port })).rejects.toThrow(
      `${name}: port ${server.port} on 127.0.0.1 is taken by another process.`,
    );
    await expectSoon(openServers, before);
  });

  test("are closed unless they are asked for", async () => {
    await using plain = await startEmulator({ vaults: ["demo"] });
    expect(plain).toMatchObject({ proxyUrl: undefined, imdsUrl: undefined });
  });
});

describe("the keys of an issuer, by their address", () => {
  const issuer = "https://cluster.example";
  const subject = "system:serviceaccount:shop:checkout";
  const clientId = "22222222-2222-4222-8222-222222222222";
  const keys = ["one", "two"].map((kid) => ({ kid, ...generateKeyPairSync("ec", { namedCurve: "P-256" }) }));

  function assertion(index: number): string {
    const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString("base64url");
    const seconds = Math.floor(Date.now() / 1000);
    const claims = { iss: issuer, sub: subject, aud: "api://AzureADTokenExchange", nbf: seconds };
    const { kid, privateKey: key } = keys[index]!;
    const text = `${encode({ alg: "ES256", kid })}.${encode({ ...claims, exp: seconds + 600 })}`;
    return `${text}.${sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
  }

  /** Serves documents by path on this machine and gives the numbers of the refusals of tokens; [] for one taken. */
  async function withDocuments(
    documents: (path: string, origin: string) => string,
    work: (
      exchange: (index: number) => Promise<readonly number[]>,
      asked: readonly string[],
    ) => Promise<void>,
  ): Promise<void> {
    const asked: string[] = [];
    const http = createServer(({ url = "" }, response) => {
      asked.push(url);
      response.end(documents(url, origin));
    });
    await once(http.listen(0, "127.0.0.1"), "listening");
    const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    const emulator = createEmulator({
      vaults: ["demo"],
      federatedCredentials: [{ clientId, issuer, subject }],
      trustedIssuers: { [issuer]: { jwksUri: `${origin}/keys` } },
    });
    try {
      await work(async (index) => {
        const form = { client_id: clientId, client_assertion: assertion(index) };
        const body = (await (await requestToken(emulator, form)).json()) as { error_codes?: number[] };
        return body.error_codes ?? [];
      }, asked);
    } finally {
      http.close();
      http.closeAllConnections();
    }
  }

  const keySet = (count: number) =>
    JSON.stringify({
      keys: keys
        .slice(0, count)
        .map(({ kid, publicKey }) => ({ kid, ...publicKey.export({ format: "jwk" }) })),
    });

  test("are read once, and again when a new key signs", async () => {
    let published = 1;
    await withDocuments(
      () => keySet(published),
      async (exchange, asked) => {
        expect([await exchange(0), await exchange(0), asked]).toEqual([[], [], ["/keys"]]);
        expect(await exchange(1)).toEqual([7000272]);
        published = 2;
        expect([await exchange(1), asked.length]).toEqual([[], 3]);
      },
    );
  });

  test.each([
    ["no JSON", () => canaryToken],
    ["more than they may be", () => keySet(2) + " ".repeat(1_100_000)],
  ])("that are %s are as good as none", async (_what, document) => {
    await withDocuments(document, async (exchange) => expect(await exchange(0)).toEqual([501661]));
  });
});

/** Sockets of this process, both ends. */
function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
}

function openServers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "TCPServerWrap").length;
}

/** Fails when the count is not as expected within a second. */
async function expectSoon(count: () => number, expected: number): Promise<void> {
  for (let wait = 0; wait < 50 && count() !== expected; wait++) await settle();
  expect(count()).toBe(expected);
}

/** Gives the other side time to see what happened on a connection. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}
