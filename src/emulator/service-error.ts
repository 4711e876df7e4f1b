/** An answer of the vault that is not a success, in Key Vault's wire form. Its message never holds a secret value. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly status: number;
  readonly code: string;
  readonly innerCode: string | undefined;

  constructor(status: number, code: string, message: string, innerCode?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.innerCode = innerCode;
  }
}

/** The JSON body of an error: `{"error":{"code","message","innererror":{"code"}}}`. */
export function errorBody(code: string, message: string, innerCode?: string): unknown {
  return {
    error: innerCode === undefined ? { code, message } : { code, message, innererror: { code: innerCode } },
  };
}

/** 400: a part of the request is wrong. `message` names it and says what is right. */
export function badParameter(message: string): ServiceError {
  return new ServiceError(400, "BadParameter", message);
}

/** What an object is called in ids, error codes and audit records. */
export type ObjectKind = "Secret" | "Key" | "Certificate";

/** 404 for an object or one version of it. */
export function notFound(kind: ObjectKind, name: string, version?: string): ServiceError {
  const subject = version === undefined ? name : `${name}/${version}`;
  return new ServiceError(
    404,
    `${kind}NotFound`,
    `A ${kind.toLowerCase()} with (name/id) ${subject} was not found in this key vault. If you recently deleted this ` +
      `${kind.toLowerCase()} you may be able to recover it using the correct recovery command. For help resolving ` +
      "this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182",
  );
}

/** 404 for an object that is not in the deleted state, or not yet. */
export function deletedNotFound(kind: ObjectKind, name: string): ServiceError {
  return new ServiceError(404, `${kind}NotFound`, `Deleted ${kind} not found: ${name}`);
}

/** 409: the name belongs to a deleted object. */
export function nameIsDeleted(kind: ObjectKind, name: string): ServiceError {
  return new ServiceError(
    409,
    "Conflict",
    `${kind} ${name} is currently in a deleted but recoverable state, and its name cannot be reused; in this ` +
      "state, the secret can only be recovered or purged.".replace("secret", kind.toLowerCase()),
    "ObjectIsDeletedButRecoverable",
  );
}

/** 409: a delete, recover or purge of the object has not ended yet. */
export function isBeingDeleted(kind: ObjectKind, name: string): ServiceError {
  return new ServiceError(
    409,
    "Conflict",
    `${kind} ${name} is currently being deleted. Retry after the operation has completed.`,
    "ObjectIsBeingDeleted",
  );
}

/** 403: the version is disabled. The code is `Forbidden`; only the inner one says why. */
export function isDisabled(kind: ObjectKind, operation: string): ServiceError {
  return new ServiceError(
    403,
    "Forbidden",
    `Operation ${operation} is not allowed on a disabled ${kind.toLowerCase()}.`,
    `${kind}Disabled`,
  );
}
