import { request as httpsRequest } from "node:https";
import { connect } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startEmulator, type EmulatorServer } from "../../src/emulator/index.ts";
import { canaryValue, expectNoCanary } from "../support/canary.ts";

let server: EmulatorServer;
const auditLines: string[] = [];

beforeAll(async () => {
  server = await startEmulator({
    vaults: ["demo"],
    onAuditRecord: (record) => auditLines.push(JSON.stringify(record)),
  });
});

afterAll(async () => {
  await server.close();
  expectNoCanary(auditLines.join("\n"));
});

describe("the socket", () => {
  test("serves a vault by its address when the Host header names it", async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpsRequest(
        {
          host: "127.0.0.1",
          port: server.port,
          ca: server.caPem,
          path: "/secrets/db?api-version=7.6",
          headers: { host: `demo.vault.localhost:${server.port}` },
        },
        (response) => {
          response.resume().on("end", () => resolve(response.statusCode));
        },
      );
      request.on("error", reject).end();
    });
    expect(status).toBe(401);
  });

  test("breaks the connection when a fault says so, and serves the next one", async () => {
    const fault = server.emulator.faults.add({ kind: "connection-error", targets: ["authority"] });
    await expect(getText("/common/discovery/instance")).rejects.toMatchObject({ code: "ECONNRESET" });
    fault[Symbol.dispose]();
    expect(await getText("/common/discovery/instance")).toContain("tenant_discovery_endpoint");
  });

  test.each([
    ["a header that is too large", `GET / HTTP/1.1\r\nhost: x\r\nx: ${"x".repeat(100_000)}\r\n\r\n`, "431"],
    ["no HTTP at all", `${canaryValue}\r\n\r\n`, "400"],
    ["no host", "GET /secrets HTTP/1.1\r\n\r\n", "400"],
    ["a host of nobody", "GET /secrets HTTP/1.1\r\nhost: ]]\r\nconnection: close\r\n\r\n", "404"],
    [
      "a body over the limit",
      `PUT /secrets/db HTTP/1.1\r\nhost: demo.vault.localhost\r\nconnection: close\r\ncontent-length: 5000000\r\n\r\n${"x".repeat(5_000_000)}`,
      "413",
    ],
  ])("answers %s with a client error and lives on", async (_what, text, status) => {
    const answer = await sendRaw(text);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expectNoCanary(answer);
    expect(await getText("/common/discovery/instance")).toContain("metadata");
  });

  test("says which port is taken", async () => {
    await expect(startEmulator({ vaults: ["demo"], port: server.port })).rejects.toThrow(
      `emulator: port ${server.port} on 127.0.0.1 is taken by another process.`,
    );
  });
});

async function getText(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      { host: "127.0.0.1", port: server.port, ca: server.caPem, path, headers: { host: "login.localhost" } },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk)).on("end", () => resolve(text));
      },
    );
    request.on("error", reject).end();
  });
}

async function sendRaw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port: server.port, ca: server.caPem });
    let answer = "";
    socket.setEncoding("utf8");
    socket.on("secureConnect", () => socket.write(text));
    socket.on("data", (chunk: string) => (answer += chunk));
    socket.on("error", (error) => (answer === "" ? reject(error) : resolve(answer)));
    socket.on("close", () => resolve(answer));
  });
}
