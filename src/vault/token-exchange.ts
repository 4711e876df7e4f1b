import { constants, createPrivateKey, hash, sign, X509Certificate } from "node:crypto";
import { assertNever } from "../core/assert.ts";
import type { Random } from "../core/random.ts";
import type { Cloud } from "./clouds.ts";
import { VaultError } from "./errors.ts";
import { describeIdentity, type Identity } from "./identity.ts";
import { member, parseJson } from "./json.ts";
import type { VaultHttpRequest } from "./transport.ts";

/** An access token of Entra. Times are wall milliseconds. */
export interface VaultToken {
  readonly token: string;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/** Where this machine gets tokens without Entra's public endpoint; each absent part has the platform's default. */
export interface MachineEndpoints {
  /** The instance metadata service; `http://169.254.169.254` on Azure. */
  readonly imdsUrl?: string;
  /** App Service and its like: `IDENTITY_ENDPOINT` and `IDENTITY_HEADER`. Takes precedence over `imdsUrl`. */
  readonly appService?: { readonly endpointUrl: string; readonly header: string };
  /** The token proxy of identity bindings: `AZURE_KUBERNETES_TOKEN_PROXY`. */
  readonly tokenProxyUrl?: string;
}

/** An identity that we fetch tokens for ourselves. */
export type ExchangedIdentity = Exclude<Identity, { readonly kind: "credential" }>;

/** The one request that turns the proof into a token: no discovery, no challenge. */
export function tokenRequest(
  identity: ExchangedIdentity,
  cloud: Cloud,
  endpoints: MachineEndpoints,
  nowMs: number,
  random: Random,
): VaultHttpRequest {
  switch (identity.kind) {
    case "workload":
      return assertionRequest(
        tokenUrl(cloud.authorityUrl, identity.tenantId),
        identity,
        cloud,
        identity.assertion,
      );
    case "identityBinding": {
      const { tokenProxyUrl } = endpoints;
      if (tokenProxyUrl === undefined) {
        throw new VaultError(
          "IdentityMissing",
          "The cluster's token proxy for identity bindings is not known.",
          {
            nextStep: "Enable identity bindings in the cluster, or use workload identity.",
          },
        );
      }
      const url = tokenUrl(tokenProxyUrl.replace(/\/+$/, ""), identity.tenantId);
      return assertionRequest(url, identity, cloud, identity.assertion);
    }
    case "servicePrincipal":
      return formRequest(tokenUrl(cloud.authorityUrl, identity.tenantId), identity, cloud, {
        client_secret: identity.clientSecret,
      });
    case "servicePrincipalCertificate": {
      const url = tokenUrl(cloud.authorityUrl, identity.tenantId);
      return assertionRequest(url, identity, cloud, certificateAssertion(identity, url, nowMs, random));
    }
    case "managedIdentity":
      return managedIdentityRequest(identity.clientId, cloud, endpoints);
    default:
      return assertNever(identity);
  }
}

/** The token in an answer with status 200; undefined when the answer is anything else. */
export function parseTokenAnswer(bodyText: string, nowMs: number): VaultToken | undefined {
  const body = parseJson(bodyText);
  const token = member(body, "access_token");
  // Both may be numbers or texts; App Service sends expires_on alone.
  const lifetimeSeconds = Number(member(body, "expires_in"));
  const expiresOnSeconds = Number(member(body, "expires_on"));
  const expiresAtMs = lifetimeSeconds > 0 ? nowMs + lifetimeSeconds * 1_000 : expiresOnSeconds * 1_000;
  // A header's worth of visible characters: anything else would break the request that carries it.
  if (typeof token !== "string" || !/^[\x21-\x7e]{1,65536}$/.test(token)) return undefined;
  if (!Number.isFinite(expiresAtMs) || expiresAtMs <= nowMs) return undefined;
  return { token, issuedAtMs: nowMs, expiresAtMs };
}

function tokenUrl(authorityUrl: string, tenantId: string): string {
  // AD FS of Azure Stack has one tenant and the older path.
  if (tenantId.toLowerCase() === "adfs") return `${authorityUrl.replace(/\/adfs$/, "")}/adfs/oauth2/token`;
  return `${authorityUrl}/${encodeURIComponent(tenantId)}/oauth2/v2.0/token`;
}

function assertionRequest(
  url: string,
  identity: { readonly clientId: string },
  cloud: Cloud,
  assertion: string,
): VaultHttpRequest {
  return formRequest(url, identity, cloud, {
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: assertion,
  });
}

function formRequest(
  url: string,
  identity: { readonly clientId: string },
  cloud: Cloud,
  proof: Readonly<Record<string, string>>,
): VaultHttpRequest {
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: identity.clientId,
    scope: `${cloud.vaultResource}/.default`,
    ...proof,
  });
  const headers = { "content-type": "application/x-www-form-urlencoded", accept: "application/json" };
  return { url, method: "POST", headers, body: form.toString() };
}

function managedIdentityRequest(
  clientId: string | undefined,
  cloud: Cloud,
  endpoints: MachineEndpoints,
): VaultHttpRequest {
  const { appService } = endpoints;
  const base =
    appService?.endpointUrl ??
    `${endpoints.imdsUrl ?? "http://169.254.169.254"}/metadata/identity/oauth2/token`;
  const url = new URL(base);
  url.searchParams.set("api-version", appService === undefined ? "2018-02-01" : "2019-08-01");
  url.searchParams.set("resource", cloud.vaultResource);
  if (clientId !== undefined) url.searchParams.set("client_id", clientId);
  const headers: Record<string, string> =
    appService === undefined ? { metadata: "true" } : { "x-identity-header": appService.header };
  return { url: url.href, method: "GET", headers };
}

const assertionLifetimeSeconds = 600;

/** A JWT signed with the certificate's key, as Entra's certificate credentials want it (PS256, x5t#S256). */
function certificateAssertion(
  identity: Extract<ExchangedIdentity, { readonly kind: "servicePrincipalCertificate" }>,
  audience: string,
  nowMs: number,
  random: Random,
): string {
  try {
    const { raw } = new X509Certificate(identity.certificatePem);
    const nowSeconds = Math.floor(nowMs / 1_000);
    const header = { alg: "PS256", typ: "JWT", "x5t#S256": hash("sha256", raw, "base64url") };
    const claims = {
      aud: audience,
      iss: identity.clientId,
      sub: identity.clientId,
      jti: uuidFrom(random),
      nbf: nowSeconds,
      exp: nowSeconds + assertionLifetimeSeconds,
    };
    const text = [header, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join(".");
    const key = createPrivateKey(identity.privateKeyPem);
    if (key.asymmetricKeyType !== "rsa") throw new Error("Entra takes RSA keys only");
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    const signature = sign("sha256", Buffer.from(text), { key, padding, saltLength: 32 });
    return `${text}.${signature.toString("base64url")}`;
  } catch {
    // OpenSSL's own text may quote the input.
    throw new VaultError(
      "IdentityMissing",
      `The certificate or private key of ${describeIdentity(identity)} cannot be used.`,
      {
        nextStep: "Give a PEM certificate with its RSA private key in PEM.",
      },
    );
  }
}

/** A version 4 UUID from `random`: to tell requests apart in logs, not to keep secrets. */
export function uuidFrom(random: Random): string {
  let hex = "";
  for (let word = 0; word < 4; word++) {
    const bits = Math.floor(random.next() * 2 ** 32);
    hex += bits.toString(16).padStart(8, "0");
  }
  const variant = "89ab"[Math.floor(random.next() * 4)]!;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}
