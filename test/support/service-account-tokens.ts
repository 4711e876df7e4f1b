import { generateKeyPairSync, sign } from "node:crypto";
import type { EmulatorOptions } from "../../src/emulator/index.ts";

const issuer = "https://cluster.example";
const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

/** The client that the service accounts db, api and web of namespace shop may be, by workload identity. */
export const federatedClientId = "22222222-2222-4222-8222-222222222222";

/** Makes an emulator trust the tokens of {@link serviceAccountToken}. */
export const federation: Pick<EmulatorOptions, "federatedCredentials" | "trustedIssuers"> = {
  federatedCredentials: ["db", "api", "web"].map((name) => ({
    clientId: federatedClientId,
    issuer,
    subject: `system:serviceaccount:shop:${name}`,
  })),
  trustedIssuers: {
    [issuer]: { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "k", alg: "ES256", use: "sig" }] },
  },
};

/** A token of a service account in namespace shop for Entra, good for ten minutes. */
export function serviceAccountToken(serviceAccount: string, nowMs: number): string {
  const nowSeconds = Math.floor(nowMs / 1_000);
  const claims = {
    iss: issuer,
    sub: `system:serviceaccount:shop:${serviceAccount}`,
    aud: "api://AzureADTokenExchange",
    iat: nowSeconds,
    nbf: nowSeconds,
    exp: nowSeconds + 600,
  };
  const text = [{ alg: "ES256", kid: "k", typ: "JWT" }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  const signature = sign("sha256", Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}
