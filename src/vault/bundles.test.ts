import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { canaryToken } from "../../test/support/canary.ts";
import { seededRandom } from "../core/random.ts";
import { VirtualClock } from "../core/virtual-clock.ts";
import { customCloud } from "./clouds.ts";
import { createVaultGateway } from "./gateway.ts";
import { handlerTransport } from "./transport.ts";

const cloud = customCloud({ authorityUrl: "https://login.localhost", vaultDnsSuffix: "vault.localhost" });
const version = "0123456789abcdef0123456789abcdef";
const attributes = {
  enabled: true,
  created: 1_700_000_000,
  updated: 1_700_000_001,
  nbf: 1_600_000_000,
  exp: 1_900_000_000,
};

/** A gateway to a vault that gives these JSON answers by path, and the URLs that were asked for. */
function vaultOf(answers: Readonly<Record<string, unknown>>) {
  const asked: string[] = [];
  const gateway = createVaultGateway({
    clock: new VirtualClock(),
    random: seededRandom(1),
    transport: handlerTransport((request) => {
      const url = new URL(request.url);
      if (url.pathname.endsWith("/token"))
        return Response.json({ access_token: canaryToken, expires_in: 3_600 });
      asked.push(`${url.host}${url.pathname}`);
      const answer = answers[url.pathname];
      return answer === undefined ? new Response(null, { status: 404 }) : Response.json(answer);
    }),
  });
  const request = {
    identity: { kind: "servicePrincipal", tenantId: "t", clientId: "c", clientSecret: canaryToken },
    cloud,
    vaultName: "demo",
    name: "web",
  } as const;
  return { gateway, request, asked };
}

describe("a key", () => {
  test.each([
    ["EC", generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" })],
    ["RSA-HSM", generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ format: "jwk" })],
  ])("%s is read as a JSON Web Key", async (kty, jwk) => {
    const kid = `https://demo.vault.localhost/keys/web/${version}`;
    const { gateway, request } = vaultOf({
      "/keys/web/": { key: { ...jwk, kty, kid, key_ops: ["verify"] }, attributes },
    });
    expect(await gateway.getKey(request)).toEqual({
      id: kid,
      version,
      isEnabled: true,
      createdMs: 1_700_000_000_000,
      updatedMs: 1_700_000_001_000,
      notBeforeMs: 1_600_000_000_000,
      expiresMs: 1_900_000_000_000,
      jwk: { ...jwk, kty },
    });
  });
});

describe("a certificate", () => {
  const der = Buffer.from("the leaf");
  const id = `https://demo.vault.localhost/certificates/web/${version}`;
  const answer = {
    id,
    kid: `https://demo.vault.localhost/keys/web/${version}`,
    sid: `https://demo.vault.localhost/secrets/web/${version}`,
    cer: der.toString("base64"),
    attributes: { ...attributes, enabled: false },
  };

  test.each([[undefined], [version]])("is read with its leaf (version %s)", async (wanted) => {
    const { gateway, request } = vaultOf({ [`/certificates/web/${wanted ?? ""}`]: answer });
    const certificate = await gateway.getCertificate(
      wanted === undefined ? request : { ...request, version: wanted },
    );
    expect(Buffer.from(certificate.der)).toEqual(der);
    expect(certificate).toMatchObject({ id, version, isEnabled: false, kid: answer.kid, sid: answer.sid });
  });
});

describe("lists of versions", () => {
  const item = (kind: string, idName: string) => ({
    [idName]: `https://demo.vault.localhost/${kind}/web/${version}`,
    attributes,
  });

  test("of keys and certificates are read", async () => {
    const { gateway, request } = vaultOf({
      "/keys/web/versions": { value: [item("keys", "kid")], nextLink: null },
      "/certificates/web/versions": { value: [item("certificates", "id")], nextLink: null },
    });
    expect(await gateway.listKeyVersions(request)).toMatchObject([{ version, createdMs: 1_700_000_000_000 }]);
    expect(await gateway.listCertificateVersions(request)).toMatchObject([{ version, isEnabled: true }]);
  });

  test("go on at a vault whose domain is written otherwise", async () => {
    const { gateway, request } = vaultOf({
      "/secrets/web/versions": {
        value: [item("secrets", "id")],
        nextLink: "https://demo.vault.localhost:443/secrets/web/page-2",
      },
      "/secrets/web/page-2": { value: [item("secrets", "id")], nextLink: null },
    });
    const written = { ...cloud, vaultDnsSuffix: "Vault.localhost" };
    expect(await gateway.listSecretVersions({ ...request, cloud: written })).toHaveLength(2);
  });

  test("that lead to another host are not followed, so the token stays with the vault", async () => {
    const { gateway, request, asked } = vaultOf({
      "/secrets/web/versions": { value: [], nextLink: "https://evil.example/secrets/web/versions?page=2" },
    });
    await expect(gateway.listSecretVersions(request)).rejects.toMatchObject({ code: "Unavailable" });
    expect(asked).toEqual(["demo.vault.localhost/secrets/web/versions"]);
  });

  test("that never end are given up", async () => {
    const { gateway, request, asked } = vaultOf({
      "/secrets/web/versions": {
        value: [],
        nextLink: "https://demo.vault.localhost/secrets/web/versions?page=2",
      },
    });
    await expect(gateway.listSecretVersions({ ...request, timeoutMs: 1 })).rejects.toMatchObject({
      code: "BudgetWait",
    });
    expect(asked.length).toBeLessThanOrEqual(100);
  });
});

test.each([
  ["a secret without value", { id: `https://demo.vault.localhost/secrets/web/${version}`, attributes }],
  ["a secret without id", { value: canaryToken }],
  ["nothing", {}],
  ["a list", []],
  ["a text", "text"],
  ["null", null],
])("%s is not taken for an object", async (_name, answer) => {
  const { gateway, request } = vaultOf({ "/secrets/web/": answer });
  await expect(gateway.getSecret(request)).rejects.toMatchObject({
    code: "Unavailable",
    message: expect.stringContaining("not Key Vault JSON"),
  });
});
