import { DeadlineError } from "../core/clock.ts";
import { systemCodeOf } from "../core/errors.ts";
import type { RetryClass } from "../policy/schedule.ts";
import { errorClasses, type VaultErrorCode } from "./error-classes.ts";
import { member, parseJson } from "./json.ts";

/**
 * An operating failure of the way to a vault. The message names the object, what happened and the next step; neither
 * it nor any field ever has a secret value, a token, or text that a server sent.
 */
export class VaultError extends Error {
  override readonly name = "VaultError";
  readonly code: VaultErrorCode;
  /** Who must act before another attempt can succeed. */
  readonly retryClass: RetryClass;
  /** False when the same request fails until a person changes something. */
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  /** The HTTP status, when there was an answer. */
  readonly status: number | undefined;
  /** Key Vault's own code, such as `SecretNotFound` or `ForbiddenByRbac`. */
  readonly serviceCode: string | undefined;
  /** Entra's code, such as `AADSTS700213`. */
  readonly aadstsCode: string | undefined;
  readonly #happened: string;
  readonly #details: VaultErrorDetails;

  constructor(code: VaultErrorCode, happened: string, details: VaultErrorDetails = {}) {
    const { nextStep, anchor, retryClass } = errorClasses[code];
    super(
      `${happened} ${details.nextStep ?? nextStep} See docs/troubleshooting.md#${anchor}`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.code = code;
    this.retryClass = retryClass;
    this.retryable = retryClass !== "user";
    this.retryAfterMs = details.retryAfterMs;
    this.status = details.status;
    this.serviceCode = details.serviceCode;
    this.aadstsCode = details.aadstsCode;
    this.#happened = happened;
    this.#details = details;
  }

  /** The same error, but to be tried again only after so long. */
  withRetryAfterMs(retryAfterMs: number): VaultError {
    return new VaultError(this.code, this.#happened, { ...this.#details, retryAfterMs });
  }
}

export interface VaultErrorDetails {
  readonly retryAfterMs?: number | undefined;
  readonly status?: number | undefined;
  readonly serviceCode?: string | undefined;
  readonly aadstsCode?: string | undefined;
  readonly cause?: Error | undefined;
  /** In place of the error class's own. */
  readonly nextStep?: string;
}

/** What a request is about, for messages. */
export interface RequestSubject {
  /** `secret "db-password" in vault "demo"`, or `the token endpoint login.microsoftonline.com`. */
  readonly what: string;
  /** `vault "demo"`, or the token endpoint. */
  readonly server: string;
  /** `identity 3f1c…`. */
  readonly who: string;
}

/** An answer with a status of 400 or more, as it came. */
export interface RefusedAnswer {
  readonly status: number;
  readonly bodyText: string;
  readonly retryAfterMs: number | undefined;
}

/** The error for an answer of Key Vault (facts: REST error codes 2026-04 and recorded answers). */
export function errorFromVaultAnswer(answer: RefusedAnswer, subject: RequestSubject): VaultError {
  const { status } = answer;
  const body = parseErrorBody(answer.bodyText);
  const serviceCode = body.innerCode ?? body.code;
  const details = { status, serviceCode, retryAfterMs: answer.retryAfterMs };
  const shown = serviceCode === undefined ? `${status}` : `${status} ${serviceCode}`;
  // Whoever else answers in the vault's place knows nothing of its codes.
  if (serviceCode === undefined && status < 500 && ![401, 408, 429].includes(status)) {
    return notKeyVault(subject, details);
  }
  switch (status) {
    case 400:
      return new VaultError(
        "BadObject",
        `${subject.server} cannot read the request for ${subject.what} (${shown}).`,
        details,
      );
    case 401:
      return unauthorized(body.message, shown, subject, details);
    case 403:
      return forbidden(serviceCode, shown, subject, details);
    case 404:
      return new VaultError("NotFound", `There is no ${subject.what} (${shown}).`, details);
    case 408:
      return new VaultError("Timeout", `${subject.server} gave up on ${subject.what} (${shown}).`, details);
    case 429: {
      const reason = /Reason: ([A-Za-z]{1,64})/.exec(body.message)?.[1];
      return new VaultError(
        "Throttled",
        `${subject.server} answers 429${reason === undefined ? "" : ` (${reason})`}.`,
        { ...details, serviceCode: reason ?? serviceCode },
      );
    }
    default:
      if (status >= 500) return new VaultError("Unavailable", `${subject.server} answers ${shown}.`, details);
      return new VaultError("Unknown", `${subject.server} answers ${shown} for ${subject.what}.`, details);
  }
}

/** The error for an answer that is no Key Vault JSON at all: a proxy, a portal, another service. */
export function notKeyVault(subject: RequestSubject, details: VaultErrorDetails = {}): VaultError {
  const happened = `${subject.server} answered something that is not Key Vault JSON.`;
  return new VaultError("Unavailable", happened, details);
}

/** The error for a request that got no answer: the system's code, a deadline, or nothing known. */
export function errorFromFailedRequest(thrown: unknown, subject: RequestSubject): VaultError {
  if (thrown instanceof VaultError) return thrown;
  if (thrown instanceof DeadlineError) {
    return new VaultError("Timeout", `${subject.server} did not answer within ${thrown.timeoutMs} ms.`, {
      cause: thrown,
    });
  }
  const systemCode = systemCodeOf(thrown);
  const code = codeOfSystemCode(systemCode);
  const cause = systemCode === undefined ? undefined : new Error(systemCode);
  const shown = systemCode === undefined ? "" : ` (${systemCode})`;
  switch (code) {
    case "Dns":
      return new VaultError("Dns", `The host name of ${subject.server} cannot be resolved${shown}.`, {
        cause,
      });
    case "Tls":
      return new VaultError("Tls", `The certificate of ${subject.server} is not trusted${shown}.`, { cause });
    case "Timeout":
      return new VaultError("Timeout", `${subject.server} did not answer in time${shown}.`, { cause });
    default:
      return new VaultError("Connect", `No connection to ${subject.server}, or it broke${shown}.`, { cause });
  }
}

interface ErrorBody {
  readonly code: string | undefined;
  readonly innerCode: string | undefined;
  /** A server's text: to look at, never to show. */
  readonly message: string;
}

function parseErrorBody(text: string): ErrorBody {
  const error = member(parseJson(text), "error");
  const message = member(error, "message");
  return {
    code: plainCode(member(error, "code")),
    innerCode: plainCode(member(member(error, "innererror"), "code")),
    message: typeof message === "string" ? message : "",
  };
}

/** A server's code if it looks like one: letters, digits and underscores. */
function plainCode(value: unknown): string | undefined {
  return typeof value === "string" && /^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(value) ? value : undefined;
}

function unauthorized(
  message: string,
  shown: string,
  subject: RequestSubject,
  details: VaultErrorDetails,
): VaultError {
  // AKV10032: the token's issuer is not the vault's tenant.
  if (/AKV10032|[Ii]ssuer/.test(message)) {
    return new VaultError(
      "TenantMismatch",
      `${subject.server} does not take tokens of this tenant for ${subject.who} (${shown}).`,
      details,
    );
  }
  const happened = `${subject.server} does not accept the token of ${subject.who} (${shown}).`;
  return new VaultError("IdentityFederation", happened, {
    ...details,
    nextStep: "Check tenantID, the cloud's name and the clocks; a new token is fetched for the next attempt.",
  });
}

function forbidden(
  serviceCode: string | undefined,
  shown: string,
  subject: RequestSubject,
  details: VaultErrorDetails,
): VaultError {
  switch (serviceCode) {
    case "SecretDisabled":
    case "KeyDisabled":
    case "CertificateDisabled":
      return new VaultError("Disabled", `The ${subject.what} is disabled.`, details);
    case "ForbiddenByFirewall":
      return new VaultError(
        "ForbiddenByFirewall",
        `The firewall of ${subject.server} refuses this cluster's address.`,
        details,
      );
    case "ForbiddenByConnection":
      return new VaultError(
        "ForbiddenByConnection",
        `${subject.server} takes no requests from public networks.`,
        details,
      );
    case "ForbiddenByPolicy":
    case "AccessDenied":
      return new VaultError(
        "ForbiddenByPolicy",
        `${subject.who} may not read ${subject.what} (${shown}).`,
        details,
      );
    case undefined:
      return notKeyVault(subject, details);
    default:
      return new VaultError(
        "ForbiddenByRbac",
        `${subject.who} may not read ${subject.what} (${shown}).`,
        details,
      );
  }
}

/** Node's and OpenSSL's codes for certificates that fail verification, and of broken handshakes. */
const tlsCode =
  /^(ERR_TLS_|ERR_SSL_|EPROTO$|CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_(VERIFY|GET)_|HOSTNAME_MISMATCH$|INVALID_CA$)/;

function codeOfSystemCode(systemCode: string | undefined): "Dns" | "Tls" | "Timeout" | "Connect" {
  if (systemCode === undefined) return "Connect";
  if (systemCode === "ENOTFOUND" || systemCode.startsWith("EAI_")) return "Dns";
  if (tlsCode.test(systemCode)) return "Tls";
  if (systemCode === "ETIMEDOUT" || systemCode.endsWith("_TIMEOUT")) return "Timeout";
  return "Connect";
}
