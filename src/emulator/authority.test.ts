import { generateKeyPairSync, sign, X509Certificate } from "node:crypto";
import { ClientAssertionCredential, ClientCertificateCredential } from "@azure/identity";
import { SecretClient } from "@azure/keyvault-secrets";
import { describe, expect, test } from "vitest";
import { systemClock } from "../core/clock.ts";
import { seededRandom } from "../core/random.ts";
import { VirtualClock } from "../core/virtual-clock.ts";
import { canaryToken, canaryValue, expectNoCanary } from "../../test/support/canary.ts";
import { holdToken, requestToken } from "../../test/support/emulator-requests.ts";
import { handlerHttpClient } from "./handler-http-client.ts";
import { createEmulator, type EmulatorOptions } from "./index.ts";
import { writeCertificate } from "./x509-writer.ts";

const issuer = "https://cluster.example";
const subject = "system:serviceaccount:shop:checkout";
const audience = "api://AzureADTokenExchange";
const clientId = "22222222-2222-4222-8222-222222222222";
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const keySet = { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "one" }] };
const clock = new VirtualClock();
const nowSeconds = clock.wallMs() / 1000;

function newEmulator(options: Partial<EmulatorOptions> = {}) {
  return createEmulator({
    vaults: ["demo"],
    clock,
    random: seededRandom(1),
    federatedCredentials: [{ clientId, issuer, subject }],
    trustedIssuers: { [issuer]: () => keySet },
    ...options,
  });
}

function assertion(claims: Readonly<Record<string, unknown>> = {}, key = privateKey): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const all = {
    iss: issuer,
    sub: subject,
    aud: [audience],
    nbf: nowSeconds,
    exp: nowSeconds + 3600,
    jti: canaryToken,
    ...claims,
  };
  const text = `${encode({ alg: "RS256", kid: "one", typ: "JWT" })}.${encode(all)}`;
  return `${text}.${sign("sha256", Buffer.from(text), key).toString("base64url")}`;
}

async function exchange(token: string, options: Partial<EmulatorOptions> = {}) {
  const response = await requestToken(newEmulator(options), { client_id: clientId, client_assertion: token });
  const text = await response.text();
  if (response.status !== 200) expectNoCanary(text);
  return { status: response.status, body: JSON.parse(text) as Record<string, unknown> };
}

describe("the token endpoint, given a client assertion", () => {
  test("exchanges a service-account token that a federated credential names", async () => {
    const emulator = newEmulator();
    emulator.vault("demo").setSecret("db", canaryValue);
    const options = { httpClient: handlerHttpClient(emulator.handler) };
    const credential = new ClientAssertionCredential(emulator.tenantId, clientId, async () => assertion(), {
      ...options,
      authorityHost: emulator.authorityHost,
      disableInstanceDiscovery: true,
    });
    const client = new SecretClient("https://demo.vault.localhost", credential, options);
    expect((await client.getSecret("db")).value).toBe(canaryValue);
  });

  test.each([
    [
      "an issuer that no credential names",
      { iss: "https://other.example" },
      700211,
      "issuer 'https://other.example'",
    ],
    [
      "another service account",
      { sub: "system:serviceaccount:shop:other" },
      700213,
      "subject 'system:serviceaccount:shop:other'",
    ],
    [
      "the same service account in capitals",
      { sub: "system:serviceaccount:shop:Checkout" },
      7002138,
      "matches with case-insensitive comparison, but not with case-sensitive comparison",
    ],
    [
      "another audience",
      { aud: "https://kubernetes.default.svc" },
      700212,
      "audience 'https://kubernetes.default.svc'",
    ],
    [
      "an expired token",
      { nbf: nowSeconds - 7200, exp: nowSeconds - 3600 },
      700024,
      "not within its valid time range",
    ],
    [
      "a token of tomorrow",
      { nbf: nowSeconds + 86_400, exp: nowSeconds + 90_000 },
      700024,
      "2026-01-02T00:00:00.0000000Z",
    ],
    ["a token without an end", { exp: undefined }, 700024, "expiry time of assertion unknown"],
  ])("refuses %s", async (_what, claims, number, text) => {
    const { status, body } = await exchange(assertion(claims));
    expect(status).toBe(401);
    expect(body).toMatchObject({ error: "invalid_client", error_codes: [number] });
    expect(body["error_description"]).toContain(`AADSTS${number}: `);
    expect(body["error_description"]).toContain(text);
  });

  test("refuses a client without any federated credential", async () => {
    const { body } = await exchange(assertion(), {
      federatedCredentials: [],
      clients: [{ clientId, clientSecret: "x" }],
    });
    expect(body).toMatchObject({ error: "invalid_client", error_codes: [70025] });
    expect(body["error_description"]).toContain(`The client '${clientId}' has no configured federated`);
  });

  test("refuses a token signed by a key that its issuer does not publish", async () => {
    const foreign = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
    expect((await exchange(assertion({}, foreign))).body).toMatchObject({ error_codes: [700027] });
  });

  test("refuses a token whose key id its issuer does not publish, and names it", async () => {
    const published = { keys: keySet.keys.map((key) => ({ ...key, kid: "two" })) };
    const { status, body } = await exchange(assertion(), { trustedIssuers: { [issuer]: published } });
    expect(status).toBe(401);
    expect(body).toMatchObject({ error_codes: [7000272] });
    expect(body["error_description"]).toContain(`identifier one used to sign the federated credential`);
  });

  test("refuses a token whose issuer's keys it cannot have", async () => {
    const { status, body } = await exchange(assertion(), { trustedIssuers: {} });
    expect(status).toBe(400);
    expect(body).toMatchObject({ error: "invalid_request", error_codes: [501661] });
  });

  test.each([canaryToken, `${canaryToken}.a.b`, "..", ""])("refuses what is no token", async (token) => {
    const { status, body } = await exchange(token);
    expect(status).toBe(400);
    expect(body).toMatchObject({ error: "invalid_request", error_codes: [50027] });
  });

  test("refuses a token with the algorithm none", async () => {
    const [, claims] = assertion().split(".");
    const header = Buffer.from('{"alg":"none"}').toString("base64url");
    expect((await exchange(`${header}.${claims}.`)).body).toMatchObject({ error_codes: [700027] });
  });

  test("takes a key set as it is and one that comes later", async () => {
    expect((await exchange(assertion(), { trustedIssuers: { [issuer]: keySet } })).status).toBe(200);
    expect((await exchange(assertion(), { trustedIssuers: { [issuer]: async () => keySet } })).status).toBe(
      200,
    );
  });
});

describe("the token endpoint, given an assertion that the client signed with its certificate", () => {
  const ownKeys = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const certificate = new X509Certificate(
    writeCertificate(
      { subject: "CN=client", dnsNames: [], emails: [], keyUsage: [], extendedKeyUsage: [] },
      ownKeys.publicKey,
      { subject: "CN=client", privateKey: ownKeys.privateKey },
      { serial: "07", fromMs: Date.UTC(2020, 0), untilMs: Date.UTC(2060, 0) },
    ),
  ).toString();
  const pair = `${String(ownKeys.privateKey.export({ format: "pem", type: "pkcs8" }))}${certificate}`;

  async function readWith(certificatePem: string | undefined): Promise<string | undefined> {
    const client = {
      clientId,
      clientSecret: "x",
      ...(certificatePem === undefined ? {} : { certificatePem }),
    };
    const emulator = newEmulator({ clock: systemClock, clients: [client] });
    emulator.vault("demo").setSecret("db", canaryValue);
    const options = { httpClient: handlerHttpClient(emulator.handler) };
    const credential = new ClientCertificateCredential(
      emulator.tenantId,
      clientId,
      { certificate: pair },
      { ...options, authorityHost: emulator.authorityHost, disableInstanceDiscovery: true },
    );
    return (await new SecretClient("https://demo.vault.localhost", credential, options).getSecret("db"))
      .value;
  }

  test("takes it when the certificate is registered", async () => {
    expect(await readWith(certificate)).toBe(canaryValue);
  });

  test("refuses it otherwise", async () => {
    await expect(readWith(undefined)).rejects.toThrow("is not registered on application");
  });
});

describe("the token endpoint, given a secret", () => {
  test.each([
    [{ client_secret: canaryToken }, 401, 7000215],
    [{ client_id: "33333333-3333-4333-8333-333333333333" }, 400, 700016],
    [{ grant_type: "password" }, 400, 70003],
    [{ scope: "https://vault.localhost" }, 400, 1002012],
    [{ scope: "openid" }, 400, 1002012],
    [{ scope: "https://vault.localhost/.default https://vault.azure.net/.default" }, 400, 1002012],
  ])("refuses %o", async (form, status, number) => {
    const response = await requestToken(newEmulator(), form);
    const text = await response.text();
    expect(response.status).toBe(status);
    expect(JSON.parse(text)).toMatchObject({ error_codes: [number] });
    expectNoCanary(text);
  });

  test("refuses another tenant, an empty body and a GET", async () => {
    const emulator = newEmulator();
    const url = `${emulator.authorityHost}/${emulator.tenantId}/oauth2/v2.0/token`;
    const codes = async (response: Response) =>
      ((await response.json()) as { error_codes: number[] }).error_codes;
    expect(await codes(await requestToken(emulator, {}, "/contoso/oauth2/v2.0/token"))).toEqual([90002]);
    expect(await codes(await emulator.handler(new Request(url, { method: "POST" })))).toEqual([900144]);
    expect(await codes(await emulator.handler(new Request(url)))).toEqual([900561]);
  });

  test("serves version 1 with the resource and times as text", async () => {
    const emulator = newEmulator();
    const response = await requestToken(
      emulator,
      { resource: "https://vault.azure.net" },
      `/${emulator.tenantId}/oauth2/token`,
    );
    expect(await response.json()).toMatchObject({ expires_in: "3599", resource: "https://vault.azure.net" });
  });
});

describe("the discovery documents", () => {
  test("point to where they were read", async () => {
    const { handler, tenantId, authorityHost } = newEmulator();
    const read = async (path: string) => (await handler(new Request(`${authorityHost}${path}`))).json();
    expect(await read(`/${tenantId}/v2.0/.well-known/openid-configuration`)).toMatchObject({
      issuer: `${authorityHost}/${tenantId}/v2.0`,
      token_endpoint: `${authorityHost}/${tenantId}/oauth2/v2.0/token`,
    });
    expect(await read("/common/discovery/instance?api-version=1.1")).toMatchObject({
      tenant_discovery_endpoint: `${authorityHost}/${tenantId}/v2.0/.well-known/openid-configuration`,
    });
    expect(await read(`/${tenantId}/discovery/v2.0/keys`)).toMatchObject({
      keys: [{ kty: "EC", use: "sig" }],
    });
  });
});

describe("the managed-identity endpoint", () => {
  test("asks for its header, a resource and an identity that it has", async () => {
    const { handler } = newEmulator();
    const ask = (query: string, headers = {}) =>
      handler(new Request(`http://169.254.169.254/metadata/identity/oauth2/token/?${query}`, { headers }));
    expect((await ask("resource=https%3A%2F%2Fvault.azure.net")).status).toBe(400);
    expect((await ask("", { metadata: "true" })).status).toBe(400);
    expect((await ask("resource=x&client_id=nobody", { metadata: "true" })).status).toBe(400);
    const answer = await ask("resource=https%3A%2F%2Fvault.azure.net", { metadata: "true" });
    expect(await answer.json()).toMatchObject({ token_type: "Bearer", resource: "https://vault.azure.net" });
  });
});

describe("a vault, given a token", () => {
  test("challenges with the resource that fits its host, port kept", async () => {
    const emulator = newEmulator();
    const response = await emulator.handler(
      new Request("https://demo.vault.localhost:8443/secrets/db?api-version=7.6"),
    );
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe(
      `Bearer authorization="https://login.microsoftonline.com/${emulator.tenantId}", resource="https://vault.localhost:8443"`,
    );
    expect(await response.json()).toMatchObject({ error: { code: "Unauthorized" } });
  });

  test("refuses one that has expired", async () => {
    const ownClock = new VirtualClock();
    const emulator = newEmulator({ clock: ownClock, tokenLifetimeSeconds: 60 });
    const holder = await holdToken(emulator, "demo");
    expect((await holder.send("GET", "/secrets")).status).toBe(200);
    await ownClock.advance(60_000);
    expect(await (await holder.send("GET", "/secrets")).text()).toContain("[TokenExpired]");
  });

  test.each([
    ["https://vault.azure.net/.default", 200],
    ["https://vault.azure.net/.default openid offline_access profile", 200],
    ["https://vault.localhost:8443/.default", 200],
    ["https://management.azure.com/.default", 401],
  ])("for %s answers %d", async (scope, status) => {
    const emulator = newEmulator();
    const answer = await requestToken(emulator, { scope });
    const { access_token: token } = (await answer.json()) as { access_token: string };
    const response = await emulator.handler(
      new Request("https://demo.vault.localhost/secrets?api-version=7.6", {
        headers: { authorization: `Bearer ${token}` },
      }),
    );
    expect(response.status).toBe(status);
  });

  test.each(["Basic x", "Bearer", "Bearer x.y.z", `Bearer ${canaryToken}`])(
    "refuses %s",
    async (authorization) => {
      const response = await newEmulator().handler(
        new Request("https://demo.vault.localhost/secrets?api-version=7.6", { headers: { authorization } }),
      );
      expect(response.status).toBe(401);
      expectNoCanary(await response.text());
    },
  );
});
