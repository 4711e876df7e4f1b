import type { JsonObject } from "./object.ts";
import type { Resource } from "./resource.ts";

/** One broken field of an object, as the causes of a 422 list it. `detail` is the text after the field's path. */
export interface FieldError {
  readonly reason:
    | "FieldValueRequired"
    | "FieldValueInvalid"
    | "FieldValueTypeInvalid"
    | "FieldValueNotSupported"
    | "FieldValueDuplicate"
    | "FieldValueTooLong"
    | "FieldValueTooMany"
    | "FieldValueForbidden";
  readonly field: string;
  readonly detail: string;
}

/** A request that the API refuses: its {@link StatusError.body} is the `Status` that a client reads. */
export class StatusError extends Error {
  override readonly name = "StatusError";
  readonly code: number;
  readonly reason: string;
  readonly details: JsonObject | undefined;
  constructor(code: number, reason: string, message: string, details?: JsonObject) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  get body(): JsonObject {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: this.message,
      ...(this.reason === "" ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

/** What errors say of a resource. */
type Named = Pick<Resource, "group" | "plural">;

/** `secrets` or `secretsyncs.secret-sync.x-k8s.io`. */
function qualifiedPlural(resource: Named): string {
  return resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`;
}

function detailsOf(resource: Named, name: string, kind: string = resource.plural): JsonObject {
  return { name, ...(resource.group === "" ? {} : { group: resource.group }), kind };
}

/** 400: the request cannot be understood. */
export function badRequest(message: string): StatusError {
  return new StatusError(400, "BadRequest", message);
}

/** 404: no object of that name. */
export function notFound(resource: Named, name: string): StatusError {
  return new StatusError(
    404,
    "NotFound",
    `${qualifiedPlural(resource)} "${name}" not found`,
    detailsOf(resource, name),
  );
}

/** A path that no part of the API has: answered in plain text, without a Status. */
export class PageNotFoundError extends Error {
  override readonly name = "PageNotFoundError";
  constructor() {
    super("404 page not found");
  }
}

/** No such resource in a group of the API itself. */
export function resourceNotFound(): StatusError {
  return new StatusError(404, "NotFound", "the server could not find the requested resource", {});
}

/** 409: the name is taken. */
export function alreadyExists(resource: Named, name: string): StatusError {
  return new StatusError(
    409,
    "AlreadyExists",
    `${qualifiedPlural(resource)} "${name}" already exists`,
    detailsOf(resource, name),
  );
}

/** 409: the object is not in the state, or not the one, that the client means. `kind` stands in for the plural. */
export function conflict(resource: Named, name: string, because: string, kind?: string): StatusError {
  const subject = kind ?? qualifiedPlural(resource);
  return new StatusError(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${subject} "${name}": ${because}`,
    detailsOf(resource, name, kind),
  );
}

/** Why a write with an old resourceVersion is a {@link conflict}. */
export const modifiedText =
  "the object has been modified; please apply your changes to the latest version and try again";

/** 405: the resource is there but cannot do this. */
export function methodNotAllowed(): StatusError {
  return new StatusError(
    405,
    "MethodNotAllowed",
    "the server does not allow this method on the requested resource",
    {},
  );
}

/** 403: the write is never allowed in this state. */
export function forbidden(
  resource: Named,
  name: string,
  because: string,
  causes?: readonly JsonObject[],
): StatusError {
  return new StatusError(
    403,
    "Forbidden",
    `${qualifiedPlural(resource)} "${name}" is forbidden: ${because}`,
    {
      ...detailsOf(resource, name),
      ...(causes === undefined ? {} : { causes }),
    },
  );
}

/** 415: the body is in a form that is not read here. */
export function unsupportedMediaType(message: string): StatusError {
  return new StatusError(415, "UnsupportedMediaType", message);
}

/** 422 with one cause a field. */
export function invalid(
  kind: { readonly group: string; readonly kind: string },
  name: string,
  errors: readonly FieldError[],
): StatusError {
  const texts = [...new Set(errors.map((error) => `${error.field}: ${error.detail}`))];
  const subject = kind.group === "" ? kind.kind : `${kind.kind}.${kind.group}`;
  const message = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  return new StatusError(422, "Invalid", `${subject} "${name}" is invalid: ${message}`, {
    ...(name === "" ? {} : { name }),
    ...(kind.group === "" ? {} : { group: kind.group }),
    ...(kind.kind === "" ? {} : { kind: kind.kind }),
    causes: errors.map(({ reason, detail, field }) => ({ reason, message: detail, field })),
  });
}

/** 410: the history does not reach back so far. */
export function expired(message: string): StatusError {
  return new StatusError(410, "Expired", message);
}
