import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { systemRandom } from "../../src/core/random.ts";
import { startEmulator, type EmulatorServer } from "../../src/emulator/index.ts";
import { customCloud } from "../../src/vault/clouds.ts";
import { createVaultGateway, type VaultGateway } from "../../src/vault/gateway.ts";
import { httpTransport, type HttpTransport } from "../../src/vault/http-transport.ts";
import { canaryValue } from "../support/canary.ts";

let server: EmulatorServer;
const transports: HttpTransport[] = [];

beforeAll(async () => {
  server = await startEmulator({ vaults: ["demo"] });
  server.emulator.vault("demo").setSecret("db", canaryValue);
});

afterAll(async () => {
  for (const transport of transports) await transport[Symbol.asyncDispose]();
  await server.close();
});

function gatewayOver(transport: HttpTransport): VaultGateway {
  transports.push(transport);
  return createVaultGateway({ clock: systemClock, random: systemRandom(), transport });
}

function request(port = server.port) {
  const { clientId, clientSecret } = server.emulator.clients[0]!;
  return {
    identity: {
      kind: "servicePrincipal",
      tenantId: server.emulator.tenantId,
      clientId,
      clientSecret,
    },
    cloud: customCloud({
      authorityUrl: server.authorityUrl.origin,
      vaultDnsSuffix: `vault.localhost:${port}`,
      vaultResource: `https://vault.localhost:${server.port}`,
    }),
    vaultName: "demo",
    name: "db",
  } as const;
}

describe("over sockets", () => {
  test("a secret is read from a name that no resolver knows, with its certificate verified", async () => {
    const gateway = gatewayOver(httpTransport({ caPem: server.caPem }));
    const reads = Array.from({ length: 50 }, () => gateway.getSecret({ ...request(), lane: "new" }));
    for (const { value } of await Promise.all(reads)) expect(value).toBe(canaryValue);
    await gateway.getSecret(request());
    expect(server.emulator.authorityCounts().token).toBe(1);
    expect(server.emulator.vault("demo").counts().byStatus).toEqual({ 200: 2 });
  });

  test("a server whose certificate nobody vouches for is not spoken to", async () => {
    const gateway = gatewayOver(httpTransport());
    await expect(gateway.getSecret(request())).rejects.toMatchObject({ code: "Tls" });
  });

  test("a port where nobody listens is named as such", async () => {
    const probe = createServer();
    await new Promise<void>((resolve) => void probe.listen(0, "127.0.0.1", resolve));
    const { port } = probe.address() as { port: number };
    await new Promise((resolve) => void probe.close(resolve));
    const gateway = gatewayOver(httpTransport({ caPem: server.caPem }));
    await expect(gateway.getSecret(request(port))).rejects.toMatchObject({
      code: "Connect",
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });

  test("a server that goes away in the middle is outlived", async () => {
    const transport = httpTransport();
    transports.push(transport);
    const sockets = new Set<{ destroy(): void }>();
    const rude = createServer((socket) => {
      sockets.add(socket);
      socket.on("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"));
    });
    await new Promise<void>((resolve) => void rude.listen(0, "127.0.0.1", resolve));
    const { port } = rude.address() as { port: number };
    const request = { method: "GET", url: `http://127.0.0.1:${port}/x`, headers: {} } as const;
    await expect(transport.send(request)).rejects.toThrow();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => void rude.close(resolve));
  });

  test("a caller that gives up ends its request", async () => {
    const transport = httpTransport();
    transports.push(transport);
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => void silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as { port: number };
    const controller = new AbortController();
    const request = { method: "GET", url: `http://127.0.0.1:${port}/x`, headers: {} } as const;
    const answer = transport.send(request, controller.signal);
    controller.abort(new Error("given up"));
    await expect(answer).rejects.toThrow("given up");
    await transport[Symbol.asyncDispose]();
    await new Promise((resolve) => void silent.close(resolve));
  });
});
