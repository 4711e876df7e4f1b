import type { Identity } from "../vault/identity.ts";
import { describeKind } from "./describe.ts";
import type { MountParameters } from "./parameters.ts";

/** An identity, or the problem in one sentence that quotes no token and no secret. */
export type ResolvedIdentity =
  | { readonly kind: "valid"; readonly identity: Identity }
  | { readonly kind: "invalid"; readonly problem: string };

const exchangeAudience = "api://AzureADTokenExchange";
const bindingAudience = "api://AKSIdentityBinding";

/**
 * Picks the identity mode as the stock provider does: the one flag that is set, else workload identity with
 * `clientID`, else the service principal in `secrets` (nodePublishSecretRef).
 */
export function resolveIdentity(
  parameters: MountParameters,
  secrets: Readonly<Record<string, unknown>>,
): ResolvedIdentity {
  const { clientId, userAssignedIdentityId } = parameters;
  if (parameters.usePodIdentity) {
    return refuse(
      "pod identity",
      "Azure retired it. Remove usePodIdentity and use workload identity: set clientID",
    );
  }
  if (parameters.useVMManagedIdentity) {
    return valid({
      kind: "managedIdentity",
      ...(userAssignedIdentityId === undefined ? {} : { clientId: userAssignedIdentityId }),
    });
  }
  if (parameters.useAzureTokenProxy) {
    if (clientId === undefined) {
      return refuse(
        "identity binding",
        "clientID is required for identity binding: set it to the identity's client id",
      );
    }
    return federated("identityBinding", parameters, clientId);
  }
  if (clientId !== undefined) return federated("workload", parameters, clientId);
  return servicePrincipal(parameters, secrets);
}

function valid(identity: Identity): ResolvedIdentity {
  return { kind: "valid", identity };
}

function refuse(mode: string, problem: string): ResolvedIdentity {
  return { kind: "invalid", problem: `failed to build auth config for mode ${mode}: ${problem}` };
}

function federated(
  kind: "workload" | "identityBinding",
  parameters: MountParameters,
  clientId: string,
): ResolvedIdentity {
  const isBinding = kind === "identityBinding";
  const mode = isBinding ? "identity binding" : "workload identity";
  const reading = readToken(parameters.tokens, isBinding ? bindingAudience : exchangeAudience);
  if (reading.kind === "invalid") return refuse(mode, reading.problem);
  const { tenantId, podNamespace: namespace, serviceAccountName: serviceAccount } = parameters;
  if (serviceAccount === undefined) {
    return refuse(mode, "service account name is not provided: the driver or controller must send it");
  }
  return valid({ kind, tenantId, clientId, namespace, serviceAccount, assertion: reading.token });
}

function servicePrincipal(
  { tenantId }: MountParameters,
  secrets: Readonly<Record<string, unknown>>,
): ResolvedIdentity {
  const mode = "service principal";
  if (Object.keys(secrets).length === 0) {
    return refuse(
      mode,
      "failed to get credentials, nodePublishSecretRef secret is not set. For workload identity set clientID",
    );
  }
  const clientId = findIgnoringCase(secrets, "clientid");
  if (clientId === undefined)
    return refuse(mode, "could not find clientid in secrets: add that key to the Secret");
  const certificate = findIgnoringCase(secrets, "clientcertificate");
  if (certificate !== undefined) {
    // One PEM text with both parts: each reader takes its own blocks.
    return valid({
      kind: "servicePrincipalCertificate",
      tenantId,
      clientId,
      certificatePem: certificate,
      privateKeyPem: certificate,
    });
  }
  const clientSecret = findIgnoringCase(secrets, "clientsecret");
  if (clientSecret === undefined) {
    return refuse(
      mode,
      "could not find clientsecret in secrets: add that key, or clientcertificate, to the Secret",
    );
  }
  return valid({ kind: "servicePrincipal", tenantId, clientId, clientSecret });
}

function findIgnoringCase(secrets: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = Object.entries(secrets).find(([key]) => key.toLowerCase() === name)?.[1];
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}

type TokenReading =
  | { readonly kind: "valid"; readonly token: string }
  | { readonly kind: "invalid"; readonly problem: string };

/** Tokens travel as JSON: audience → { token, expirationTimestamp }. No part of them is ever quoted. */
function readToken(tokens: string | undefined, audience: string): TokenReading {
  if (tokens === undefined) {
    return refuseToken(
      `service account tokens not found: the driver or controller must request one for the audience ${audience}`,
    );
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(tokens);
  } catch {
    return refuseToken("service account tokens are not valid JSON");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    return refuseToken(`service account tokens must be an object by audience, got ${describeKind(parsed)}`);
  }
  const entry: unknown = Object.hasOwn(parsed, audience)
    ? (parsed as Record<string, unknown>)[audience]
    : undefined;
  const token = typeof entry === "object" && entry !== null && "token" in entry ? entry.token : undefined;
  if (typeof token === "string" && token !== "") return { kind: "valid", token };
  return refuseToken(
    `token for audience ${audience} not found: add it to the audiences that the driver or controller requests`,
  );
}

function refuseToken(problem: string): TokenReading {
  return { kind: "invalid", problem };
}
