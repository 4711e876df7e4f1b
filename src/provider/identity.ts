import { describeKind } from "./describe.ts";
import type { MountParameters } from "./parameters.ts";

/** Who asks the vault, as the caller of Mount proved it. */
export type VaultIdentity =
  | {
      readonly kind: "workload";
      readonly tenantId: string;
      readonly clientId: string;
      /** `system:serviceaccount:<namespace>:<name>`, as far as the caller told. */
      readonly subject: string;
      /** The service account's token for Entra, a JWT. */
      readonly assertion: string;
    }
  | {
      readonly kind: "service-principal";
      readonly tenantId: string;
      readonly clientId: string;
      readonly clientSecret: string;
    }
  | { readonly kind: "managed"; readonly tenantId: string; readonly clientId: string | undefined };

export type ResolvedIdentity =
  | { readonly kind: "valid"; readonly identity: VaultIdentity }
  | { readonly kind: "invalid"; readonly problem: string };

const workloadAudience = "api://AzureADTokenExchange";

/** Picks the identity mode as the stock provider does: an explicit flag, else workload identity, else service principal. */
export function resolveIdentity(
  parameters: MountParameters,
  secrets: Readonly<Record<string, unknown>>,
): ResolvedIdentity {
  if (parameters.useVMManagedIdentity) {
    return {
      kind: "valid",
      identity: {
        kind: "managed",
        tenantId: parameters.tenantId,
        clientId: parameters.userAssignedIdentityId,
      },
    };
  }
  if (parameters.usePodIdentity) {
    return refuse("pod identity", "it was retired by Azure. Remove usePodIdentity and use workload identity");
  }
  if (parameters.useAzureTokenProxy) {
    return refuse(
      "identity binding",
      "it is not supported yet. Remove useAzureTokenProxy and use workload identity",
    );
  }
  if (parameters.clientId !== undefined) return workloadIdentity(parameters, parameters.clientId);
  return servicePrincipal(parameters, secrets);
}

function refuse(mode: string, problem: string): ResolvedIdentity {
  return { kind: "invalid", problem: `failed to build auth config for mode ${mode}: ${problem}` };
}

function workloadIdentity(parameters: MountParameters, clientId: string): ResolvedIdentity {
  const token = readToken(parameters.tokens, workloadAudience);
  if (token.kind === "invalid") return refuse("workload identity", token.problem);
  const { podNamespace, serviceAccountName } = parameters;
  return {
    kind: "valid",
    identity: {
      kind: "workload",
      tenantId: parameters.tenantId,
      clientId,
      subject: `system:serviceaccount:${podNamespace}:${serviceAccountName ?? ""}`,
      assertion: token.token,
    },
  };
}

function servicePrincipal(
  parameters: MountParameters,
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
  if (clientId === undefined) return refuse(mode, "could not find clientid in secrets");
  const clientSecret = findIgnoringCase(secrets, "clientsecret");
  if (clientSecret === undefined) return refuse(mode, "could not find clientsecret in secrets");
  const { tenantId } = parameters;
  return { kind: "valid", identity: { kind: "service-principal", tenantId, clientId, clientSecret } };
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
    return {
      kind: "invalid",
      problem: `service account tokens not found: the controller must request one for the audience ${audience}`,
    };
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(tokens);
  } catch {
    return { kind: "invalid", problem: "service account tokens are not valid JSON" };
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    return {
      kind: "invalid",
      problem: `service account tokens must be an object by audience, got ${describeKind(parsed)}`,
    };
  }
  const entry: unknown = Object.hasOwn(parsed, audience)
    ? (parsed as Record<string, unknown>)[audience]
    : undefined;
  const token = typeof entry === "object" && entry !== null && "token" in entry ? entry.token : undefined;
  if (typeof token === "string" && token !== "") return { kind: "valid", token };
  return {
    kind: "invalid",
    problem: `token for audience ${audience} not found: add it to the audiences that the controller or driver requests`,
  };
}
