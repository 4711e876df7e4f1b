import type { Duplex } from "node:stream";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { canaryToken, canaryValue, expectNoCanary } from "../../test/support/canary.ts";
import { connectWithoutSocket, turns } from "../../test/support/socketless-server.ts";
import { createCaptureProxy, type CaptureProxy } from "./capture-proxy.ts";
import { isCloudHost } from "./cloud-host.ts";
import { createEmulator } from "./emulator.ts";
import { identityListener } from "./identity-listener.ts";

let adopted: Duplex[];
let proxy: CaptureProxy;
beforeEach(() => {
  adopted = [];
  const emulator = createEmulator({ vaults: ["demo"] });
  proxy = createCaptureProxy({
    adopt: (connection) => adopted.push(connection),
    identity: identityListener(emulator.respond),
  });
});

/** Sends a text to the proxy and gives the connection as it is some turns later. */
async function send(text: string) {
  const connection = connectWithoutSocket(proxy.onRequest, proxy.onConnect);
  connection.client.write(text);
  await turns();
  return connection;
}

const connectTo = (target: string, rest = "") =>
  send(`CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\n\r\n${rest}`);

describe("CONNECT", () => {
  test.each([
    "demo.vault.azure.net:443",
    "DEMO.Vault.Azure.NET:443",
    "a-1.vault.azure.cn:443",
    "demo.vault.usgovcloudapi.net:443",
    "login.microsoftonline.com:443",
    "login.windows.net:443",
    "login.chinacloudapi.cn:443",
    "login.partner.microsoftonline.cn:443",
    "login.microsoftonline.us:443",
  ])("to %s goes to the emulator, bytes that came early included", async (target) => {
    const { received } = await connectTo(target, "early ");
    expect(received()).toBe("HTTP/1.1 200 Connection established\r\n\r\n");
    expect(adopted).toHaveLength(1);
    expect(String(adopted[0]!.read())).toBe("early ");
    expect(proxy.counts()).toEqual({ captured: { [target.toLowerCase().slice(0, -4)]: 1 }, refused: {} });
  });

  test.each([
    "evil.example:443",
    "demo.vault.azure.net:80",
    "demo.vault.azure.net:8443",
    "demo.vault.azure.net",
    "vault.azure.net:443",
    ".vault.azure.net:443",
    "a.b.vault.azure.net:443",
    "demo.vault.azure.net.evil.example:443",
    "evilvault.azure.net:443",
    "demo.vault.azure.net:443:443",
    "x.login.microsoftonline.com:443",
    "management.azure.com:443",
    "169.254.169.254:80",
    "[::1]:443",
    "127.0.0.1:443",
    ":443",
  ])("to %s is refused with what is let through", async (target) => {
    const { received, isClosed } = await connectTo(target, canaryValue);
    expect(received()).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
    expect(received()).toContain("*.vault.azure.net, *.vault.azure.cn");
    expect(received()).toContain(`does not let ${target} through`);
    expect(isClosed()).toBe(true);
    expect(adopted).toEqual([]);
    expect(proxy.counts()).toEqual({ captured: {}, refused: { [target]: 1 } });
    expectNoCanary(received());
  });

  test("to what is no host is refused without repeating it", async () => {
    const { received } = await connectTo(`user:${canaryToken}@demo.vault.azure.net:443`);
    expect(received()).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(adopted).toEqual([]);
    expectNoCanary(received() + JSON.stringify(proxy.counts()));
  });

  test("counts no more than 1,000 hosts that it refused", async () => {
    const connection = { on() {}, end() {} } as unknown as Duplex;
    for (let index = 0; index < 1_200; index++) {
      proxy.onConnect({ url: `h${index}.example:443` } as never, connection, Buffer.alloc(0));
    }
    proxy.onConnect({ url: "h0.example:443" } as never, connection, Buffer.alloc(0));
    const { refused } = proxy.counts();
    expect(Object.keys(refused)).toHaveLength(1_000);
    expect(refused["h0.example:443"]).toBe(2);
  });

  test("a client that leaves at once, or after it was let through, harms nobody", async () => {
    const { client } = await connectTo("demo.vault.azure.net:443");
    client.destroy(new Error("gone"));
    client.on("error", () => {});
    adopted[0]!.destroy(new Error("reset"));
    await turns();
    expect(adopted[0]!.destroyed).toBe(true);
    expect((await connectTo("login.windows.net:443")).received()).toContain("200 Connection");
  });
});

describe("a request that is no CONNECT", () => {
  test.each([
    ["another host over HTTP", "http://evil.example/", 403, "does not let evil.example through"],
    ["a vault over HTTP", "http://demo.vault.azure.net/secrets", 403, "CONNECT to port 443"],
    ["a vault over HTTPS in the open", "https://demo.vault.azure.net/", 403, "CONNECT to port 443"],
    [
      "another part of IMDS",
      "http://169.254.169.254/metadata/instance",
      404,
      "/metadata/identity/oauth2/token",
    ],
    [
      "IMDS on another port",
      "http://169.254.169.254:81/metadata/identity/oauth2/token",
      403,
      "169.254.169.254:81",
    ],
    ["the proxy itself", "/secrets/db", 400, "HTTPS_PROXY"],
  ])("for %s is refused", async (_what, target, status, text) => {
    const { received } = await send(
      `GET ${target}?token=${canaryToken} HTTP/1.1\r\nhost: demo.vault.azure.net\r\n\r\n`,
    );
    expect(received()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(received()).toContain(text);
    expectNoCanary(received());
  });

  test("for a token of IMDS gets it", async () => {
    const path = "/metadata/identity/oauth2/token?resource=https%3A%2F%2Fvault.azure.net";
    const { received } = await send(
      `GET http://169.254.169.254${path} HTTP/1.1\r\nhost: 169.254.169.254\r\nmetadata: true\r\n\r\n`,
    );
    expect(received()).toMatch(/^HTTP\/1\.1 200 [^]*"access_token":"ey/);
  });
});

describe("hostile input", () => {
  test.each([
    ["no HTTP", `${canaryValue}\r\n\r\n`, "400"],
    ["a head without end", `CONNECT demo.vault.azure.net:443 HTTP/1.1\r\nx: ${"x".repeat(100_000)}`, "431"],
    ["a target without end", `CONNECT ${"x".repeat(100_000)}:443 HTTP/1.1\r\n\r\n`, "431"],
  ])("%s is answered with an error", async (_what, text, status) => {
    const { received } = await send(text);
    expect(received()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(adopted).toEqual([]);
    expectNoCanary(received());
  });

  test("whatever the target, only the emulator's hosts are let through", async () => {
    const label = fc.constantFrom(
      "demo",
      "login",
      "vault",
      "azure",
      "net",
      "cn",
      "com",
      "windows",
      "x",
      "",
      "-",
    );
    const host = fc.array(label, { maxLength: 6 }).map((labels) => labels.join("."));
    const suffix = fc.constantFrom(
      ":443",
      ":80",
      "",
      ":443:443",
      ":0443",
      ".:443",
      "%00:443",
      "/:443",
      "#:443",
    );
    const run = fc.asyncProperty(host, suffix, async (name, end) => {
      adopted.length = 0;
      const { received } = await connectTo(name + end);
      const isThrough = end === ":443" && isCloudHost(name);
      expect(adopted).toHaveLength(isThrough ? 1 : 0);
      expect(received()).toMatch(isThrough ? /^HTTP\/1\.1 200 / : /^HTTP\/1\.1 4\d\d /);
    });
    await fc.assert(run, { numRuns: 200 });
  });
});
