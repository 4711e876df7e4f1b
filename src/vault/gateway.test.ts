import { expect, test } from "vitest";
import { VirtualClock } from "../core/virtual-clock.ts";
import { seededRandom } from "../core/random.ts";
import { canaryToken, canaryValue } from "../../test/support/canary.ts";
import { customCloud } from "./clouds.ts";
import { createVaultGateway } from "./gateway.ts";
import { handlerTransport } from "./transport.ts";

test("reads a secret", async () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  const gateway = createVaultGateway({
    clock,
    random: seededRandom(1),
    transport: handlerTransport((request) => {
      seen.push(
        `${request.method} ${request.url} ${request.headers.get("authorization") === `Bearer ${canaryToken}`}`,
      );
      if (request.url.includes("/oauth2/")) {
        return Response.json({ token_type: "Bearer", expires_in: 3599, access_token: canaryToken });
      }
      return Response.json({
        value: canaryValue,
        id: "https://demo.vault.localhost:8443/secrets/db/0123456789abcdef0123456789abcdef",
        attributes: { enabled: true, created: 1, updated: 2 },
      });
    }),
  });
  const cloud = customCloud({
    authorityUrl: "https://login.localhost:8443",
    vaultDnsSuffix: "vault.localhost:8443",
  });
  const secret = await gateway.getSecret({
    identity: {
      kind: "workload",
      tenantId: "t",
      clientId: "c",
      namespace: "shop",
      serviceAccount: "db",
      assertion: "x",
    },
    cloud,
    vaultName: "demo",
    name: "db",
  });
  expect(secret.value).toBe(canaryValue);
  expect(seen).toEqual([
    "POST https://login.localhost:8443/t/oauth2/v2.0/token false",
    "GET https://demo.vault.localhost:8443/secrets/db/?api%2Dversion=2026-04-01 true",
  ]);
});
