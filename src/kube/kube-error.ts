import { z } from "zod";
import type { StatusCause, StatusDetails } from "./objects.ts";

/**
 * Why a call to the API server failed. The first group is an answer of the server (its `Status.reason` or, without one,
 * the HTTP status); the second is trouble on the way to it.
 */
export type KubeErrorCode =
  | "AlreadyExists"
  | "BadRequest"
  | "Conflict"
  | "Expired"
  | "Forbidden"
  | "Internal"
  | "Invalid"
  | "NotFound"
  | "TooLarge"
  | "TooManyRequests"
  | "Unauthorized"
  | "Unavailable"
  | "Refused"
  | "Disconnected"
  | "Malformed"
  | "TimedOut"
  | "Unreachable"
  | "Untrusted";

export interface KubeErrorInit {
  readonly code: KubeErrorCode;
  /** HTTP status; 0 when no answer came. */
  readonly status?: number;
  /** The server's own word for it. */
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** A call to the API server failed. `retryable` says whether the same call may succeed later without any change. */
export class KubeError extends Error {
  override readonly name = "KubeError";
  readonly code: KubeErrorCode;
  readonly status: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  /** Waiting time that the server asked for. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, init: KubeErrorInit) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = init.code;
    this.status = init.status ?? 0;
    this.reason = init.reason ?? init.code;
    this.details = init.details;
    this.retryAfterMs = init.retryAfterMs;
  }

  /** The fields that the server refuses, when it says so. */
  get causes(): readonly StatusCause[] {
    return this.details?.causes ?? [];
  }

  get retryable(): boolean {
    return retryableCodes.has(this.code);
  }
}

const retryableCodes: ReadonlySet<KubeErrorCode> = new Set([
  "Conflict",
  "Disconnected",
  "Expired",
  "Internal",
  "Malformed",
  "TimedOut",
  "TooManyRequests",
  "Unavailable",
  "Unreachable",
]);

/** There is no such object, or no such kind. */
export function isNotFound(thrown: unknown): thrown is KubeError {
  return thrown instanceof KubeError && thrown.code === "NotFound";
}

/** The name is taken. */
export function isAlreadyExists(thrown: unknown): thrown is KubeError {
  return thrown instanceof KubeError && thrown.code === "AlreadyExists";
}

/** The object changed since it was read, or a patch names another uid or resourceVersion than the object has. */
export function isConflict(thrown: unknown): thrown is KubeError {
  return thrown instanceof KubeError && thrown.code === "Conflict";
}

/** The object breaks a rule of its schema or of its kind; `causes` names the fields. */
export function isInvalid(thrown: unknown): thrown is KubeError {
  return thrown instanceof KubeError && thrown.code === "Invalid";
}

/** The resourceVersion or continue token is older than what the server remembers: list again. */
export function isExpired(thrown: unknown): thrown is KubeError {
  return thrown instanceof KubeError && thrown.code === "Expired";
}

const codeOfReason: ReadonlyMap<string, KubeErrorCode> = new Map([
  ["AlreadyExists", "AlreadyExists"],
  ["BadRequest", "BadRequest"],
  ["Conflict", "Conflict"],
  ["Expired", "Expired"],
  ["Forbidden", "Forbidden"],
  ["Gone", "Expired"],
  ["InternalError", "Internal"],
  ["Invalid", "Invalid"],
  ["NotFound", "NotFound"],
  ["RequestEntityTooLarge", "TooLarge"],
  ["ServerTimeout", "Unavailable"],
  ["ServiceUnavailable", "Unavailable"],
  ["Timeout", "TimedOut"],
  ["TooManyRequests", "TooManyRequests"],
  ["Unauthorized", "Unauthorized"],
]);

/**
 * The error of an answer with a status of 400 or more, or of an ERROR event of a watch. `target` names the object for
 * answers that are no Status (a proxy's page); such a body is not repeated.
 */
export function errorOfStatus(
  httpStatus: number,
  body: unknown,
  target: string,
  retryAfterMs?: number,
): KubeError {
  const { success, data: status } = statusSchema.safeParse(body);
  if (!success) {
    return new KubeError(`the API server answered ${httpStatus} for ${target}`, {
      code: codeOfHttpStatus(httpStatus),
      status: httpStatus,
      ...waitOf(retryAfterMs),
    });
  }
  const { code, reason, message, details } = status;
  const seconds = details?.retryAfterSeconds;
  return new KubeError(shortened(message ?? `the API server answered ${httpStatus} for ${target}`), {
    code: codeOfReason.get(reason ?? "") ?? codeOfHttpStatus(code ?? httpStatus),
    status: httpStatus,
    ...(reason ? { reason } : {}),
    ...(details === undefined ? {} : { details }),
    ...waitOf(retryAfterMs ?? (seconds === undefined ? undefined : seconds * 1000)),
  });
}

const text = z.string().optional().catch(undefined);
const wholeNumber = z.number().int().nonnegative().optional().catch(undefined);
const causeSchema = z.object({ reason: text, message: text, field: text });

/** Takes what is as it should be and drops the rest: what answers with errors may answer with anything. */
const statusSchema = z.object({
  kind: z.literal("Status"),
  code: wholeNumber,
  reason: text,
  message: text,
  details: z
    .object({
      name: text,
      group: text,
      kind: text,
      uid: text,
      causes: z.array(causeSchema).optional().catch(undefined),
      retryAfterSeconds: wholeNumber,
    })
    .optional()
    .catch(undefined),
});

const messageLimit = 8192;
/** Nobody waits longer because a server says so. */
const maxRetryAfterMs = 600_000;

function shortened(message: string): string {
  return message.length > messageLimit ? `${message.slice(0, messageLimit)}…` : message;
}

function waitOf(retryAfterMs: number | undefined): { retryAfterMs?: number } {
  return retryAfterMs === undefined ? {} : { retryAfterMs: Math.min(retryAfterMs, maxRetryAfterMs) };
}

function codeOfHttpStatus(status: number): KubeErrorCode {
  switch (status) {
    case 400:
      return "BadRequest";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "NotFound";
    case 409:
      return "Conflict";
    case 410:
      return "Expired";
    case 413:
      return "TooLarge";
    case 422:
      return "Invalid";
    case 429:
      return "TooManyRequests";
    case 503:
      return "Unavailable";
    case 504:
      return "TimedOut";
    default:
      return status >= 500 ? "Internal" : "Refused";
  }
}
