import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { vaultScene } from "../../test/support/vault-scene.ts";
import { expectNoCanary, canaryToken, canaryValue } from "../../test/support/canary.ts";
import { seededRandom } from "../core/random.ts";
import { VirtualClock } from "../core/virtual-clock.ts";
import { limitProfiles } from "../limits/profiles.ts";
import { lanes } from "../policy/priority-lane.ts";
import { customCloud } from "./clouds.ts";
import { createVaultGateway } from "./gateway.ts";
import type { Identity } from "./identity.ts";
import { handlerTransport } from "./transport.ts";

const cloud = customCloud({
  authorityUrl: "https://login.localhost",
  vaultDnsSuffix: "vault.localhost",
});

describe("in every run", () => {
  test.each([{ count429: false }, { count429: true }])(
    "no window of 10 s sees more than the budget, and no request follows a 429 before the back-off (counted: $count429)",
    async ({ count429 }) => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 2, max: 40 }),
          fc.integer({ min: 1, max: 60 }),
          fc.array(fc.tuple(fc.nat(4_000), fc.nat(30), fc.constantFrom(...lanes)), { maxLength: 120 }),
          async (budget, limit, arrivals) => {
            const base = limitProfiles["azure-2026"];
            const scene = vaultScene(
              { profile: { ...base, vault: { ...base.vault, other: limit } }, count429 },
              { budget: { requests: budget, windowMs: 10_000 } },
            );
            for (let index = 0; index <= 30; index++) {
              scene.emulator.vault("demo").setSecret(`s${index}`, canaryValue);
            }
            const identity = scene.identity();
            for (const [gapMs, index, lane] of arrivals) {
              const read = scene.gateway.getSecret({
                identity,
                cloud: scene.cloud,
                vaultName: "demo",
                name: `s${index}`,
                lane,
              });
              read.catch(() => undefined);
              // Half of the arrivals come in one burst.
              if (gapMs > 2_000) await scene.clock.advance(gapMs - 2_000);
            }
            await scene.clock.advance(120_000);
            const sent = scene.sent.filter(({ host }) => host.startsWith("demo."));
            for (const [first, { atMs, status }] of sent.entries()) {
              const inWindow = sent.filter((other) => other.atMs >= atMs && other.atMs < atMs + 10_000);
              expect(inWindow.length).toBeLessThanOrEqual(budget);
              const later = sent.slice(first + 1).find((other) => other.atMs > atMs);
              expect(status === 429 && later !== undefined && later.atMs - atMs < 500).toBe(false);
            }
          },
        ),
        { numRuns: 30 },
      );
    },
  );

  test("one seed gives one run: the same requests at the same times, with the same ids", async () => {
    const play = async (seed: number) => {
      const trace: string[] = [];
      const scene = vaultScene(
        {
          latencyMs: 30,
          onAuditRecord: (record) => trace.push(`${scene.clock.monotonicMs()} ${JSON.stringify(record)}`),
        },
        { budget: { requests: 20, windowMs: 10_000 } },
        seed,
      );
      scene.emulator.faults.add({
        kind: "connection-error",
        targets: ["demo"],
        fromMs: scene.clock.wallMs() + 5_000,
        untilMs: scene.clock.wallMs() + 9_000,
      });
      for (let index = 0; index < 60; index++) {
        scene.emulator.vault("demo").setSecret(`s${index}`, canaryValue);
        const lane = lanes[index % lanes.length]!;
        const identity = scene.identity(index % 3 === 0 ? "api" : "db");
        scene.gateway
          .getSecret({ identity, cloud: scene.cloud, vaultName: "demo", name: `s${index}`, lane })
          .catch((error: Error) => trace.push(`${scene.clock.monotonicMs()} ${error.message}`));
        await scene.clock.advance(200);
      }
      await scene.clock.advance(60_000);
      return [...trace, JSON.stringify(scene.sent)].join("\n");
    };
    const first = await play(7);
    expect(first).toContain("SecretGet");
    expect(first).toContain("ECONNRESET");
    expect(await play(7)).toBe(first);
    expect(await play(8)).not.toBe(first);
  });

  test("each identity sees its own answers alone, however reads, caches and flights meet", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            who: fc.nat(7),
            name: fc.constantFrom("a", "A", "b"),
            version: fc.option(fc.constantFrom("1", "2"), { nil: undefined }),
            maxAgeMs: fc.constantFrom(0, 60_000),
            lane: fc.constantFrom(...lanes),
            pauseMs: fc.constantFrom(0, 0, 0, 5, 50),
          }),
          { maxLength: 60 },
        ),
        async (reads) => {
          const clock = new VirtualClock();
          const gateway = createVaultGateway({
            clock,
            random: seededRandom(1),
            transport: handlerTransport(ownersVault(clock)),
            options: { budget: false },
          });
          const answers: Promise<void>[] = [];
          for (const { who, name, version, maxAgeMs, lane, pauseMs } of reads) {
            const [identity, owner] = someIdentities[who]!;
            const read = gateway.getSecret({
              identity,
              cloud,
              vaultName: "demo",
              name,
              maxAgeMs,
              lane,
              ...(version === undefined ? {} : { version }),
            });
            answers.push(
              read.then(({ value }) =>
                expect(value).toBe(`${owner} ${name.toLowerCase()} ${version ?? "newest"}`),
              ),
            );
            await clock.advance(pauseMs);
          }
          await clock.advance(10_000);
          await Promise.all(answers);
        },
      ),
      { numRuns: 50 },
    );
  });

  test("no error shows what a server sent, nor a value, token or assertion", async () => {
    const hostileText = `${canaryToken} ${canaryValue}`;
    const anyBody = fc.oneof(
      fc.constant(hostileText),
      fc.constant(`{"value":"${canaryValue}`),
      fc.constant(JSON.stringify({ value: canaryValue })),
      fc.constant(JSON.stringify({ error: hostileText })),
      fc.constant(
        JSON.stringify({
          error: { code: hostileText, message: hostileText, innererror: { code: canaryToken } },
        }),
      ),
      fc.constant(
        JSON.stringify({ error: "invalid_client", error_description: `AADSTS700016: ${hostileText}` }),
      ),
      fc.constant(JSON.stringify({ access_token: `${canaryToken}\r\nx: y`, expires_in: 3_600 })),
      fc.constant(JSON.stringify({ access_token: canaryToken, expires_in: "many" })),
      fc.constant(JSON.stringify({ id: "https://elsewhere/secrets", value: canaryValue })),
      fc.json(),
      fc.string(),
    );
    const anyAnswer = fc.record({
      status: fc.constantFrom(200, 201, 204, 302, 307, 400, 401, 403, 404, 409, 418, 429, 500, 503, 599),
      body: anyBody,
      contentType: fc.constantFrom("application/json", "text/html", "text/plain"),
      location: fc.constantFrom("https://evil.example/", "/secrets/db"),
      retryAfter: fc.constantFrom("1", "-1", "soon", "99999999999999", "Thu, 01 Jan 2026 00:01:00 GMT"),
    });
    await fc.assert(
      fc.asyncProperty(anyAnswer, fc.boolean(), async ({ status, body, ...headers }, isTokenGood) => {
        const clock = new VirtualClock();
        const hosts = new Set<string>();
        const gateway = createVaultGateway({
          clock,
          random: seededRandom(1),
          transport: handlerTransport((request) => {
            hosts.add(new URL(request.url).host);
            if (isTokenGood && request.url.includes("/oauth2/")) {
              return Response.json({ access_token: canaryToken, expires_in: 3_600 });
            }
            return new Response(status === 204 ? null : body, {
              status,
              headers: {
                "content-type": headers.contentType,
                location: headers.location,
                "retry-after": headers.retryAfter,
              },
            });
          }),
        });
        let thrown: unknown;
        gateway
          .getSecret({ identity: workload("db", canaryToken), cloud, vaultName: "demo", name: "db" })
          .catch((error: unknown) => (thrown = error));
        await clock.advance(60_000);
        expect(thrown).toMatchObject({ name: "VaultError", retryable: expect.any(Boolean) });
        expectNoCanary(everythingOf(thrown as Error));
        expect([...hosts].filter((host) => !host.endsWith(".localhost"))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

function everythingOf(error: Error): string {
  const fields = Object.getOwnPropertyNames(error).map((name) => String(error[name as keyof Error]));
  const cause = error.cause instanceof Error ? everythingOf(error.cause) : JSON.stringify(error.cause);
  return [String(error), error.stack, JSON.stringify(error), ...fields, cause].join("\n");
}

function workload(serviceAccount: string, assertion: string): Identity {
  return { kind: "workload", tenantId: "t", clientId: "c", namespace: "shop", serviceAccount, assertion };
}

function serviceAccountToken(name: string): string {
  const claims = JSON.stringify({ sub: `system:serviceaccount:shop:${name}` });
  return `header.${Buffer.from(claims).toString("base64url")}.signature`;
}

/** Identities that differ in one part each, with the owner that the vault below takes them for. */
const someIdentities: readonly (readonly [Identity, string])[] = [
  [workload("db", serviceAccountToken("db")), serviceAccountToken("db")],
  [workload("api", serviceAccountToken("api")), serviceAccountToken("api")],
  [workload("db", "no token"), "no token"],
  [workload("db", "no other token"), "no other token"],
  [{ kind: "servicePrincipal", tenantId: "t", clientId: "c", clientSecret: "right" }, "right"],
  [{ kind: "servicePrincipal", tenantId: "t", clientId: "c", clientSecret: "wrong" }, "wrong"],
  [{ kind: "managedIdentity" }, "system"],
  [{ kind: "managedIdentity", clientId: "m" }, "m"],
];

/** Answers with who asked and for what, after 20 ms. */
function ownersVault(clock: VirtualClock): (request: Request) => Promise<Response> {
  return async (request) => {
    const url = new URL(request.url);
    const form = new URLSearchParams(request.method === "POST" ? await request.text() : "");
    await new Promise<void>((resolve) => void clock.setTimer(20, resolve));
    if (!url.host.startsWith("demo.")) {
      const token =
        form.get("client_assertion") ?? form.get("client_secret") ?? url.searchParams.get("client_id");
      const access = Buffer.from(token ?? "system").toString("base64url");
      return Response.json({ access_token: access, expires_in: 3_600 });
    }
    const owner = Buffer.from(
      request.headers.get("authorization")!.slice("Bearer ".length),
      "base64url",
    ).toString();
    const [name = "", version = ""] = url.pathname.split("/").slice(2);
    return Response.json({
      id: `https://demo.vault.localhost/secrets/${name}/${version === "" ? "9" : version}`,
      value: `${owner} ${name.toLowerCase()} ${version === "" ? "newest" : version}`,
      attributes: { enabled: true },
    });
  };
}
