import { generateKeyPairSync, verify, X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { canaryToken, expectNoCanary } from "../../test/support/canary.ts";
import { failureOf } from "../../test/support/vault-scene.ts";
import { createCertificateAuthority } from "../core/certificate-authority.ts";
import { jsonLogger } from "../core/log.ts";
import { seededRandom } from "../core/random.ts";
import { VirtualClock } from "../core/virtual-clock.ts";
import { customCloud } from "./clouds.ts";
import type { VaultError } from "./errors.ts";
import type { Identity } from "./identity.ts";
import { TokenCache, type TokenCacheOptions } from "./token-cache.ts";
import { handlerTransport } from "./transport.ts";

const cloud = customCloud({
  authorityUrl: "https://login.localhost",
  vaultDnsSuffix: "vault.localhost:8443",
});
const hourMs = 3_600_000;

const principal: Identity = {
  kind: "servicePrincipal",
  tenantId: "tenant",
  clientId: "client",
  clientSecret: canaryToken,
};

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly form: Record<string, string>;
}

/** A cache in front of a token endpoint that answers with numbered tokens, or as `answer` says. */
function scene(
  options: Partial<TokenCacheOptions> = {},
  answer?: (asked: number) => Response | Promise<Response>,
) {
  const clock = new VirtualClock();
  const asked: Asked[] = [];
  const log: string[] = [];
  const tokens = new TokenCache({
    clock,
    random: seededRandom(1),
    logger: jsonLogger((line) => log.push(line), "debug"),
    transport: handlerTransport(async (request) => {
      asked.push({
        method: request.method,
        url: request.url,
        headers: Object.fromEntries(request.headers),
        form: Object.fromEntries(new URLSearchParams(await request.text())),
      });
      return (
        answer?.(asked.length) ?? Response.json({ access_token: `token-${asked.length}`, expires_in: 3_600 })
      );
    }),
    ...options,
  });
  const fetched = async (identity: Identity) => {
    const work = tokens.fetch(identity, cloud);
    work.catch(() => undefined);
    await clock.advance(20_000);
    return work;
  };
  return { clock, asked, log, tokens, fetched };
}

describe("a token", () => {
  test("is refreshed in the background at 80 % of its lifetime, while the old one is served", async () => {
    const { clock, asked, tokens, fetched } = scene();
    expect((await fetched(principal)).token).toBe("token-1");
    await clock.advance(0.8 * hourMs - 20_001);
    expect(tokens.peek(principal, cloud)?.token).toBe("token-1");
    await clock.advance(1);
    expect(asked).toHaveLength(1);
    expect(tokens.peek(principal, cloud)?.token).toBe("token-1");
    expect(tokens.peek(principal, cloud)?.token).toBe("token-1");
    await clock.advance(1);
    expect(asked).toHaveLength(2);
    expect(tokens.peek(principal, cloud)?.token).toBe("token-2");
  });

  test("is asked for once by a hundred at the same time", async () => {
    const { clock, asked, tokens } = scene();
    const all = Promise.all(Array.from({ length: 100 }, () => tokens.fetch({ ...principal }, cloud)));
    await clock.advance(1);
    expect(new Set((await all).map(({ token }) => token))).toEqual(new Set(["token-1"]));
    expect(asked).toHaveLength(1);
  });

  test("that is refused is asked for again only after a back-off of seconds", async () => {
    const { clock, asked, log, tokens } = scene({}, () =>
      Response.json(
        { error: "invalid_client", error_description: `AADSTS7000215: ${canaryToken}` },
        { status: 401 },
      ),
    );
    for (let second = 0; second < 600; second++) {
      await clock.advance(1_000);
      tokens.fetch(principal, cloud).catch(() => undefined);
    }
    expect(asked.length).toBeGreaterThan(20);
    expect(asked.length).toBeLessThan(80);
    const error = await failureOf(tokens.fetch(principal, cloud));
    expect(error).toMatchObject({ code: "IdentityFederation", aadstsCode: "AADSTS7000215", status: 401 });
    expect(log.join("")).toContain("AADSTS7000215");
    expectNoCanary(log.join(""));
  });

  test("endpoint that never answers fails after the time limit", async () => {
    const { fetched } = scene({ timeoutMs: 5_000 }, () => new Promise<Response>(() => undefined));
    expect(await failureOf(fetched(principal))).toMatchObject({ code: "Timeout" });
  });

  test("endpoint that hung is asked again when it answers", async () => {
    let isHanging = true;
    const { clock, tokens, fetched } = scene({}, () =>
      isHanging
        ? new Promise<Response>(() => undefined)
        : Response.json({ access_token: "t", expires_in: 60 }),
    );
    for (let index = 0; index < 100; index++) {
      tokens.fetch({ ...principal, clientId: `client-${index}` }, cloud).catch(() => undefined);
    }
    await clock.advance(60_000);
    isHanging = false;
    await clock.advance(60_000);
    expect((await fetched(principal)).token).toBe("t");
  });

  test("endpoint that is down is left alone, however many identities want tokens", async () => {
    const { clock, asked, tokens } = scene({}, () => new Response("down", { status: 503 }));
    const failures: string[] = [];
    for (let second = 0; second < 300; second++) {
      await clock.advance(1_000);
      for (let index = 0; index < 20; index++) {
        const identity = { ...principal, clientId: `client-${index}` };
        tokens.fetch(identity, cloud).catch((error: VaultError) => failures.push(error.code));
      }
    }
    expect(new Set(failures)).toEqual(new Set(["Unavailable", "BreakerOpen"]));
    // One probe after each back-off of up to 16.5 s, besides the few before the circuit opened.
    expect(asked.length).toBeLessThan(60);
  });

  test("of a thousand identities too many leaves room for new ones", async () => {
    const { asked, fetched, tokens } = scene({ maxIdentities: 2 });
    for (const clientId of ["a", "b", "c"]) await fetched({ ...principal, clientId });
    expect(tokens.peek({ ...principal, clientId: "a" }, cloud)).toBeUndefined();
    expect(tokens.peek({ ...principal, clientId: "c" }, cloud)?.token).toBe("token-3");
    expect(asked).toHaveLength(3);
  });

  test.each([
    ["AADSTS700016: no such application", "IdentityMissing"],
    ["AADSTS90002: no such tenant", "TenantMismatch"],
    ["AADSTS700213: no matching federated identity", "IdentityFederation"],
    ["no code at all", "Unavailable"],
  ])("refused with %s is %s", async (description, code) => {
    const { fetched } = scene({}, () => Response.json({ error_description: description }, { status: 400 }));
    expect(await failureOf(fetched(principal))).toMatchObject({ code });
  });
});

describe("the token request", () => {
  test("of a workload identity hands its service account's token to Entra", async () => {
    const { asked, fetched } = scene();
    await fetched({
      kind: "workload",
      tenantId: "tenant",
      clientId: "client",
      namespace: "shop",
      serviceAccount: "db",
      assertion: canaryToken,
    });
    expect(asked[0]).toMatchObject({
      method: "POST",
      url: "https://login.localhost/tenant/oauth2/v2.0/token",
      form: {
        grant_type: "client_credentials",
        client_id: "client",
        scope: "https://vault.localhost:8443/.default",
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: canaryToken,
      },
    });
  });

  test("of an identity binding goes to the cluster's token proxy", async () => {
    const identity: Identity = {
      kind: "identityBinding",
      tenantId: "tenant",
      clientId: "client",
      namespace: "shop",
      serviceAccount: "db",
      assertion: canaryToken,
    };
    const { asked, fetched } = scene({ endpoints: { tokenProxyUrl: "https://proxy.localhost/x/" } });
    await fetched(identity);
    expect(asked[0]!.url).toBe("https://proxy.localhost/x/tenant/oauth2/v2.0/token");
    expect(await failureOf(scene().fetched(identity))).toMatchObject({ code: "IdentityMissing" });
  });

  test("of a managed identity goes to the machine's endpoint", async () => {
    const { asked, fetched } = scene();
    await fetched({ kind: "managedIdentity", clientId: "client" });
    expect(asked[0]).toMatchObject({
      method: "GET",
      url: "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault.localhost%3A8443&client_id=client",
      headers: { metadata: "true" },
    });
  });

  test("of a managed identity in App Service goes to its endpoint, with its header and its kind of expiry", async () => {
    const expiresAtMs = Date.UTC(2026, 0, 1) + hourMs;
    const { asked, fetched } = scene(
      { endpoints: { appService: { endpointUrl: "http://127.0.0.1:41000/token", header: canaryToken } } },
      () => Response.json({ access_token: "t", expires_on: String(expiresAtMs / 1_000) }),
    );
    expect((await fetched({ kind: "managedIdentity" })).expiresAtMs).toBe(expiresAtMs);
    expect(asked[0]).toMatchObject({
      url: "http://127.0.0.1:41000/token?api-version=2019-08-01&resource=https%3A%2F%2Fvault.localhost%3A8443",
      headers: { "x-identity-header": canaryToken },
    });
  });

  test("of a certificate is signed with its key and names it", async () => {
    const authority = await createCertificateAuthority("test", Date.UTC(2026, 0, 1));
    const { certificatePem } = await authority.issue({ commonName: "app" });
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const privateKeyPem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const { asked, fetched } = scene();
    await fetched({
      kind: "servicePrincipalCertificate",
      tenantId: "tenant",
      clientId: "client",
      certificatePem,
      privateKeyPem,
    });
    const [header, claims, signature] = asked[0]!.form["client_assertion"]!.split(".") as [
      string,
      string,
      string,
    ];
    const isSigned = verify(
      "sha256",
      Buffer.from(`${header}.${claims}`),
      { key: publicKey, padding: 6, saltLength: 32 },
      Buffer.from(signature, "base64url"),
    );
    expect(isSigned).toBe(true);
    const thumbprint = new X509Certificate(certificatePem).fingerprint256.replaceAll(":", "").toLowerCase();
    const { alg, "x5t#S256": named } = JSON.parse(Buffer.from(header, "base64url").toString()) as Record<
      string,
      string
    >;
    expect(alg).toBe("PS256");
    expect(Buffer.from(named!, "base64url").toString("hex")).toBe(thumbprint);
    expect(JSON.parse(Buffer.from(claims, "base64url").toString())).toMatchObject({
      aud: "https://login.localhost/tenant/oauth2/v2.0/token",
      iss: "client",
      sub: "client",
      nbf: Date.UTC(2026, 0, 1) / 1_000,
    });
  });

  test("of a key that cannot be used says so without quoting it", async () => {
    const { fetched } = scene();
    const error = await failureOf(
      fetched({
        kind: "servicePrincipalCertificate",
        tenantId: "tenant",
        clientId: "client",
        certificatePem: canaryToken,
        privateKeyPem: canaryToken,
      }),
    );
    expect(error.code).toBe("IdentityMissing");
    expectNoCanary(`${error.message} ${String(error.cause)}`);
  });

  test("is none of ours when the application brings a credential", async () => {
    const { clock, asked, fetched, tokens } = scene();
    const scopes: (string | string[])[] = [];
    const credential = {
      getToken: (scope: string | string[]) => {
        scopes.push(scope);
        return Promise.resolve({ token: canaryToken, expiresOnTimestamp: clock.wallMs() + hourMs });
      },
    };
    await fetched({ kind: "credential", key: "app", credential });
    expect(tokens.peek({ kind: "credential", key: "app", credential }, cloud)?.token).toBe(canaryToken);
    expect(scopes).toEqual(["https://vault.localhost:8443/.default"]);
    expect(asked).toEqual([]);
  });

  test("of an Azure Stack with AD FS has its path", async () => {
    const { asked, fetched } = scene();
    await fetched({ ...principal, tenantId: "adfs" });
    expect(asked[0]!.url).toBe("https://login.localhost/adfs/oauth2/token");
  });
});
