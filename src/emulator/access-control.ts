import { createHash } from "node:crypto";
import type { Identity } from "./access-token.ts";
import { permissionFor, type OperationPermission } from "./operation-permission.ts";
import { ServiceError } from "./service-error.ts";

/** Who may do what in a vault: everybody everything, by Azure role assignments, or by the vault's access policies. */
export type AccessModel =
  | { readonly kind: "open" }
  | { readonly kind: "rbac"; readonly assignments: readonly RoleAssignment[] }
  | { readonly kind: "policies"; readonly policies: readonly AccessPolicy[] };

/** A role on the vault, or on one object of it. */
export interface RoleAssignment {
  readonly clientId: string;
  readonly role: RoleName;
  /** `secrets/NAME`, `keys/NAME` or `certificates/NAME`; the whole vault when absent. */
  readonly scope?: string;
}

/** The permissions of one client, as access policies name them: `get`, `list`, `set`, `all`. */
export interface AccessPolicy {
  readonly clientId: string;
  readonly secrets?: readonly string[];
  readonly keys?: readonly string[];
  readonly certificates?: readonly string[];
}

/** The built-in roles for the data of a vault. */
export type RoleName =
  | "Key Vault Administrator"
  | "Key Vault Reader"
  | "Key Vault Secrets Officer"
  | "Key Vault Secrets User"
  | "Key Vault Crypto Officer"
  | "Key Vault Crypto User"
  | "Key Vault Certificates Officer"
  | "Key Vault Certificate User";

/** The data actions of each role; a star stands for the rest of an action. */
const actionsOfRole: Readonly<Record<RoleName, readonly string[]>> = {
  "Key Vault Administrator": ["*"],
  "Key Vault Reader": ["secrets/readMetadata/action", "keys/read", "certificates/read"],
  "Key Vault Secrets Officer": ["secrets/*"],
  "Key Vault Secrets User": ["secrets/getSecret/action", "secrets/readMetadata/action"],
  "Key Vault Crypto Officer": ["keys/*"],
  "Key Vault Crypto User": [
    "keys/read",
    ...["update", "backup", "encrypt", "decrypt", "wrap", "unwrap", "sign", "verify"].map(
      (verb) => `keys/${verb}/action`,
    ),
  ],
  "Key Vault Certificates Officer": ["certificates/*"],
  "Key Vault Certificate User": [
    "certificates/read",
    "secrets/getSecret/action",
    "secrets/readMetadata/action",
    "keys/read",
  ],
};

/** A request as far as the decision about it goes. */
export interface AccessRequest {
  readonly identity: Identity;
  /** As the audit log calls it. */
  readonly operationName: string;
  /** The second segment of the path, when there is one. */
  readonly objectName: string | undefined;
  readonly vault: {
    readonly name: string;
    readonly region: string;
    readonly tenantId: string;
    readonly resourceId: string;
  };
}

/** What was decided. `assignmentId` is there when a role assignment allowed it. */
export type AccessDecision =
  | { readonly kind: "allowed"; readonly assignmentId?: string }
  | { readonly kind: "refused"; readonly error: ServiceError };

const allowed: AccessDecision = Object.freeze({ kind: "allowed" });

/** Decides about an authenticated request. A request that names no operation is allowed, and fails later. */
export function decideAccess(model: AccessModel, request: AccessRequest): AccessDecision {
  if (model.kind === "open") return allowed;
  const needed = permissionFor(request.operationName);
  if (needed === undefined) return allowed;
  return model.kind === "rbac"
    ? decideByRoles(model.assignments, request, needed)
    : decideByPolicies(model.policies, request, needed);
}

function decideByRoles(
  assignments: readonly RoleAssignment[],
  request: AccessRequest,
  needed: OperationPermission,
): AccessDecision {
  const object =
    request.objectName === undefined ? undefined : `${needed.collection}/${request.objectName}`.toLowerCase();
  const found = assignments.find(
    ({ clientId, role, scope }) =>
      isSame(clientId, request.identity.clientId) &&
      actionsOfRole[role].some((pattern) => covers(pattern, needed.action)) &&
      (scope === undefined || scope.toLowerCase() === object),
  );
  if (found === undefined) return { kind: "refused", error: refusedByRbac(request, needed) };
  const text = JSON.stringify([request.vault.resourceId, found]);
  return { kind: "allowed", assignmentId: createHash("md5").update(text).digest("hex") };
}

function decideByPolicies(
  policies: readonly AccessPolicy[],
  request: AccessRequest,
  needed: OperationPermission,
): AccessDecision {
  const isMatch = policies.some(
    (policy) =>
      isSame(policy.clientId, request.identity.clientId) &&
      (policy[needed.collection] ?? []).some(
        (each) => isSame(each, needed.permission) || isSame(each, "all"),
      ),
  );
  return isMatch ? allowed : { kind: "refused", error: refusedByPolicy(request, needed) };
}

function refusedByRbac(request: AccessRequest, needed: OperationPermission): ServiceError {
  const { vault } = request;
  const object =
    request.objectName === undefined ? "" : `/${needed.collection.slice(0, -1)}/${request.objectName}`;
  const lines = [
    "Caller is not authorized to perform action on resource.",
    "If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.",
    `Caller: ${callerOf(request)}`,
    `Action: 'Microsoft.KeyVault/vaults/${needed.action}'`,
    `Resource: '${vault.resourceId.toLowerCase()}${object}'`,
    "Assignment: (not found)",
    "DenyAssignmentId: null",
    "DecisionReason: null ",
    `Vault: ${vault.name};location=${vault.region}`,
    "",
  ];
  return new ServiceError(403, "Forbidden", lines.join("\r\n"), "ForbiddenByRbac");
}

function refusedByPolicy(request: AccessRequest, needed: OperationPermission): ServiceError {
  const { name, region } = request.vault;
  return new ServiceError(
    403,
    "Forbidden",
    `The user, group or application '${callerOf(request)}' does not have ${needed.collection} ${needed.permission} ` +
      `permission on key vault '${name};location=${region}'. For help resolving this issue, please see ` +
      "https://go.microsoft.com/fwlink/?linkid=2125287",
    "ForbiddenByPolicy",
  );
}

function callerOf({ identity, vault }: AccessRequest): string {
  return `appid=${identity.clientId};oid=${identity.objectId};iss=https://sts.windows.net/${vault.tenantId}/`;
}

function covers(pattern: string, action: string): boolean {
  return pattern.endsWith("*") ? action.startsWith(pattern.slice(0, -1)) : pattern === action;
}

function isSame(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}
