import { createPublicKey, verify, type JsonWebKey } from "node:crypto";
import { expect, test } from "vitest";
import { serviceAccounts } from "../../src/kube/resources.ts";
import type { Cluster } from "./contract-cluster.ts";

/** Tokens of service accounts, and the keys by which others check them. */
export function tokenContract(get: () => Cluster): void {
  const options = { audiences: ["api://vault"], expirationSeconds: 600 };

  async function createAccount() {
    const namespace = await get().freshNamespace();
    return (await get().kube.create(serviceAccounts, { metadata: { name: "robot", namespace } })).metadata;
  }
  const part = (token: string, index: number) =>
    JSON.parse(Buffer.from(token.split(".")[index]!, "base64url").toString()) as Record<string, unknown>;

  test("a token names its account, audience and lifetime", async () => {
    const { namespace, name, uid } = await createAccount();
    const { token, expirationTimestamp } = await get().kube.createToken(namespace!, name, options);
    const claims = part(token, 1);
    expect(claims).toMatchObject({
      sub: `system:serviceaccount:${namespace}:${name}`,
      aud: ["api://vault"],
      "kubernetes.io": { namespace, serviceaccount: { name, uid } },
    });
    const { iat, nbf, exp } = claims as { iat: number; nbf: number; exp: number };
    expect([exp - iat, nbf]).toEqual([600, iat]);
    expect(Math.abs(iat - get().clock.wallMs() / 1000)).toBeLessThan(30);
    expect(Date.parse(expirationTimestamp)).toBe(exp * 1000);
    expect(typeof claims["jti"]).toBe("string");
  });

  test("a token is signed by a published key of its issuer", async () => {
    const { namespace, name } = await createAccount();
    const { token } = await get().kube.createToken(namespace!, name, options);
    const discovery = (await get().send("GET", "/.well-known/openid-configuration")).body;
    expect(part(token, 1)["iss"]).toBe(discovery["issuer"]);
    expect(discovery).toMatchObject({
      jwks_uri: expect.stringMatching(/\/openid\/v1\/jwks$/),
      id_token_signing_alg_values_supported: ["RS256"],
    });
    const { keys } = (await get().send("GET", "/openid/v1/jwks")).body as {
      keys: (JsonWebKey & { kid: string })[];
    };
    const header = part(token, 0);
    const key = keys.find(({ kid }) => kid === header["kid"])!;
    expect(header["alg"]).toBe("RS256");
    expect(key).toMatchObject({ kty: "RSA", use: "sig", alg: "RS256" });
    const [head, claims, signature] = token.split(".") as [string, string, string];
    const publicKey = createPublicKey({ key, format: "jwk" });
    const isSigned = (text: string) =>
      verify("RSA-SHA256", Buffer.from(text), publicKey, Buffer.from(signature, "base64url"));
    expect(isSigned(`${head}.${claims}`)).toBe(true);
    expect(isSigned(`${head}.${claims}x`)).toBe(false);
  });

  test("two audiences are two entries, none is the server itself", async () => {
    const { namespace, name } = await createAccount();
    const two = await get().kube.createToken(namespace!, name, { ...options, audiences: ["a", "b"] });
    expect(part(two.token, 1)["aud"]).toEqual(["a", "b"]);
    const none = await get().kube.createToken(namespace!, name, { ...options, audiences: [] });
    expect(part(none.token, 1)["aud"]).toEqual([part(none.token, 1)["iss"]]);
  });

  test("an account that is not there is NotFound", async () => {
    const namespace = await get().freshNamespace();
    await expect(get().kube.createToken(namespace, "nobody", options)).rejects.toMatchObject({
      status: 404,
      details: { name: "nobody", kind: "serviceaccounts" },
    });
  });

  test("a lifetime under ten minutes is refused by field", async () => {
    const { namespace, name } = await createAccount();
    const short = get().kube.createToken(namespace!, name, { ...options, expirationSeconds: 599 });
    await expect(short).rejects.toMatchObject({
      status: 422,
      causes: [{ field: "spec.expirationSeconds", reason: "FieldValueInvalid" }],
    });
  });
}
