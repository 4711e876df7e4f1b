import { describe, expect, test } from "vitest";
import { canaryToken, expectNoCanary } from "../../test/support/canary.ts";
import { connectWithoutSocket, turns } from "../../test/support/socketless-server.ts";
import { createEmulator } from "./emulator.ts";
import { identityListener } from "./identity-listener.ts";

const first = "11111111-1111-4111-8111-111111111111";
const second = "aaaaaaaa-2222-4222-8222-222222222222";
const emulator = createEmulator({
  vaults: ["demo"],
  clients: [first, second].map((clientId) => ({ clientId, clientSecret: "x" })),
  identityHeader: canaryToken,
});
const resource = "resource=https%3A%2F%2Fvault.azure.net";
const imds = "/metadata/identity/oauth2/token";

/** One request over plain HTTP, as a client sends it. */
async function ask(path: string, headers: Readonly<Record<string, string>> = {}, method = "GET") {
  const { client, received } = connectWithoutSocket(identityListener(emulator.respond));
  const lines = Object.entries({ host: "127.0.0.1", ...headers }).map(([name, value]) => `${name}: ${value}`);
  client.write(`${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
  await turns();
  const [head = "", text = ""] = received().split("\r\n\r\n");
  return { status: Number(head.split(" ")[1]), body: JSON.parse(text) as Record<string, unknown>, text };
}

/** The object id in the token that an answer holds. */
async function objectIdOf(query: string): Promise<string> {
  const { body } = await ask(`${imds}?${resource}&${query}`, { metadata: "true" });
  const claims = Buffer.from(String(body["access_token"]).split(".")[1]!, "base64url").toString();
  return (JSON.parse(claims) as { oid: string }).oid;
}

describe("IMDS over plain HTTP", () => {
  test.each([imds, `${imds}/`, "/Metadata/Identity/OAuth2/Token"])("answers at %s", async (path) => {
    const { status, body } = await ask(`${path}?api-version=2018-02-01&${resource}`, { metadata: "true" });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      token_type: "Bearer",
      client_id: first,
      resource: "https://vault.azure.net",
      expires_in: "3599",
      expires_on: expect.stringMatching(/^\d{10}$/),
    });
  });

  test("gives the identity that is asked for, by client id or object id", async () => {
    const { body } = await ask(`${imds}?${resource}&client_id=${second.toUpperCase()}`, {
      metadata: "true",
    });
    expect(body["client_id"]).toBe(second);
    const objectId = await objectIdOf(`client_id=${second}`);
    expect(objectId).not.toBe(await objectIdOf(`client_id=${first}`));
    expect(await objectIdOf(`object_id=${objectId}`)).toBe(objectId);
  });

  test.each([
    ["without its header", `?${resource}`, {}, 400, "Required metadata header not specified"],
    [
      "that was forwarded",
      `?${resource}`,
      { metadata: "true", "x-forwarded-for": canaryToken },
      400,
      "X-Forwarded-For",
    ],
    ["without a resource", "", { metadata: "true" }, 400, "'resource' is missing"],
    [
      "for an identity of nobody",
      `?${resource}&client_id=${canaryToken}`,
      { metadata: "true" },
      400,
      "Identity not found",
    ],
    [
      "for an object of nobody",
      `?${resource}&object_id=${canaryToken}`,
      { metadata: "true" },
      400,
      "Identity not found",
    ],
    [
      "by resource id",
      `?${resource}&msi_res_id=${canaryToken}`,
      { metadata: "true" },
      400,
      "Identity not found",
    ],
  ] as const)("refuses a request %s", async (_what, query, headers, status, text) => {
    const answer = await ask(imds + query, headers);
    expect(answer).toMatchObject({ status, body: { error: "invalid_request" } });
    expect(answer.body["error_description"]).toContain(text);
    expectNoCanary(answer.text);
  });

  test("refuses a POST", async () => {
    const { status } = await ask(`${imds}?${resource}`, { metadata: "true", "content-length": "0" }, "POST");
    expect(status).toBe(405);
  });
});

describe("App Service's endpoint over plain HTTP", () => {
  const query = `?${resource}&api-version=2019-08-01`;

  test("answers a request that has the secret", async () => {
    const { status, body } = await ask(`/msi/token${query}`, { "X-IDENTITY-HEADER": canaryToken });
    expect(status).toBe(200);
    expect(body).toMatchObject({ client_id: first, resource: "https://vault.azure.net" });
  });

  test.each([
    ["without the secret", query, {}, 403, "X-IDENTITY-HEADER"],
    ["with a wrong secret", query, { "x-identity-header": "wrong" }, 403, "X-IDENTITY-HEADER"],
    [
      "of another version",
      `?${resource}&api-version=2017-09-01`,
      { "x-identity-header": canaryToken },
      400,
      "2019-08-01",
    ],
    [
      "without a resource",
      "?api-version=2019-08-01",
      { "x-identity-header": canaryToken },
      400,
      "'resource'",
    ],
  ] as const)("refuses a request %s", async (_what, rest, headers, status, text) => {
    const answer = await ask(`/msi/token${rest}`, headers);
    expect(answer).toMatchObject({ status, body: { statusCode: status } });
    expect(answer.body["message"]).toContain(text);
    expectNoCanary(answer.text);
  });
});

describe("the plain-HTTP port", () => {
  test.each([
    ["a vault", "/secrets?api-version=7.6", "demo.vault.azure.net"],
    ["the token endpoint", `/${emulator.tenantId}/oauth2/v2.0/token`, "login.microsoftonline.com"],
    ["a path that cannot be decoded", "/%zz", "127.0.0.1"],
    ["the root", "/", "127.0.0.1"],
  ])("does not serve %s", async (_what, path, host) => {
    const { status, text } = await ask(path, { host, metadata: "true" });
    expect(status).toBe(404);
    expect(text).toContain("/metadata/identity/oauth2/token and /msi/token");
  });

  test("serves no vault by its Host header even at the right path", async () => {
    const { status } = await ask(`${imds}?${resource}`, { host: "demo.vault.azure.net", metadata: "true" });
    expect(status).toBe(200);
    expect(emulator.vault("demo").counts().total).toBe(0);
  });
});

test("the secret of App Service's endpoint differs from emulator to emulator", () => {
  const headers = [1, 2].map(() => createEmulator({ vaults: ["demo"] }).identityHeader);
  expect(new Set(headers).size).toBe(2);
});
