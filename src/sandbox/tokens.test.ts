import { createPublicKey, verify } from "node:crypto";
import { expect, test } from "vitest";
import { seededRandom } from "../core/random.ts";
import { VirtualClock } from "../core/virtual-clock.ts";
import { createSandbox } from "./sandbox.ts";
import { send } from "./testing/requests.ts";

const account = "/api/v1/namespaces/default/serviceaccounts/default/token";

async function start() {
  const clock = new VirtualClock();
  const sandbox = createSandbox({ clock, random: seededRandom(1), issuer: "https://issuer.test" });
  const spec = { audiences: ["api://keyweir"], expirationSeconds: 600 };
  const answer = await send(sandbox, account, { body: { spec } });
  const status = answer.body["status"] as { readonly token: string; readonly expirationTimestamp: string };
  return { sandbox, status };
}

test("a token verifies with the published key and says whose it is", async () => {
  const { sandbox, status } = await start();
  const [header, claims, signature] = status.token.split(".") as [string, string, string];
  const keys = (await send(sandbox, "/openid/v1/jwks")).body["keys"] as { kid: string }[];
  const { kid } = JSON.parse(Buffer.from(header, "base64url").toString()) as { kid: string };
  const jwk = keys.find((key) => key.kid === kid)!;
  const key = createPublicKey({ key: jwk, format: "jwk" });
  const signed = Buffer.from(`${header}.${claims}`);
  expect(verify("sha256", signed, key, Buffer.from(signature, "base64url"))).toBe(true);
  const [serviceAccount] = sandbox.objects("ServiceAccount", "default");
  expect(JSON.parse(Buffer.from(claims, "base64url").toString())).toMatchObject({
    iss: "https://issuer.test",
    sub: "system:serviceaccount:default:default",
    aud: ["api://keyweir"],
    exp: Date.parse(status.expirationTimestamp) / 1000,
    "kubernetes.io": {
      namespace: "default",
      serviceaccount: { name: "default", uid: serviceAccount!.metadata.uid },
    },
  });
  expect(status.expirationTimestamp).toBe("2026-01-01T00:10:00Z");
  expect(sandbox.jwks.keys).toEqual(keys);
});

test("the issuer's document leads to its keys", async () => {
  const { sandbox } = await start();
  const { body } = await send(sandbox, "/.well-known/openid-configuration");
  expect(body).toMatchObject({
    issuer: "https://issuer.test",
    jwks_uri: "https://issuer.test/openid/v1/jwks",
  });
});
