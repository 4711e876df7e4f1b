/** What a caller must be allowed to do for an operation, in the words of both models. */
export interface OperationPermission {
  readonly collection: "secrets" | "keys" | "certificates";
  /** The data action of Azure RBAC after `Microsoft.KeyVault/vaults/`: `secrets/getSecret/action`. */
  readonly action: string;
  /** The permission of a vault access policy: `get`. */
  readonly permission: string;
}

const shared: Readonly<Record<string, readonly [action: string, permission: string]>> = {
  Update: ["update/action", "update"],
  Delete: ["delete", "delete"],
  Recover: ["recover/action", "recover"],
  Purge: ["purge/action", "purge"],
  Backup: ["backup/action", "backup"],
  Restore: ["restore/action", "restore"],
};

const reads = (action: string) =>
  ({
    Get: [action, "get"],
    GetDeleted: [action, "get"],
    List: [action, "list"],
    ListVersions: [action, "list"],
    ListDeleted: [action, "list"],
  }) as const;

const byKind: Readonly<Record<string, Readonly<Record<string, readonly [string, string]>>>> = {
  Secret: {
    ...shared,
    ...reads("readMetadata/action"),
    Get: ["getSecret/action", "get"],
    Set: ["setSecret/action", "set"],
    Update: ["update/action", "set"],
  },
  Key: {
    ...shared,
    ...reads("read"),
    Create: ["create/action", "create"],
    Import: ["import/action", "import"],
    Rotate: ["rotate/action", "rotate"],
    RotationPolicyGet: ["rotationpolicies/read", "getrotationpolicy"],
    RotationPolicySet: ["rotationpolicies/write", "setrotationpolicy"],
    Encrypt: ["encrypt/action", "encrypt"],
    Decrypt: ["decrypt/action", "decrypt"],
    Wrap: ["wrap/action", "wrapKey"],
    Unwrap: ["unwrap/action", "unwrapKey"],
    Sign: ["sign/action", "sign"],
    Verify: ["verify/action", "verify"],
  },
  Certificate: {
    ...shared,
    ...reads("read"),
    Create: ["create/action", "create"],
    Import: ["import/action", "import"],
    PolicyGet: ["read", "get"],
    PolicyUpdate: ["update/action", "update"],
    PendingGet: ["read", "get"],
    PendingUpdate: ["update/action", "update"],
    PendingDelete: ["delete", "delete"],
    PendingMerge: ["create/action", "create"],
  },
};

/** The permission that an operation of the audit log's name needs; undefined for a request that names none. */
export function permissionFor(operationName: string): OperationPermission | undefined {
  const [, kind = "", verb = ""] = /^(Secret|Key|Certificate)(.+)$/.exec(operationName) ?? [];
  const found = byKind[kind]?.[verb];
  if (found === undefined) return undefined;
  const collection = `${kind.toLowerCase()}s` as OperationPermission["collection"];
  return { collection, action: `${collection}/${found[0]}`, permission: found[1] };
}
