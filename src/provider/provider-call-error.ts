/**
 * A Mount that failed as a whole. In-process and over gRPC it is the same class with the same fields. The message
 * names the object or field, the cause and the next step, never a value or token.
 */
export class ProviderCallError extends Error {
  override readonly name = "ProviderCallError";
  /** Keyweir's error class ("Throttled", "NotFound", "BadParameters" …), else the name of the gRPC status. */
  readonly code: string;
  /** False when the same call cannot succeed before someone changes something. */
  readonly retryable: boolean;
  /** When the call may be made again, if the vault or a budget said so. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, details: ProviderCallErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.retryable = details.retryable;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** `retryAfterMs` only if the vault or a budget said so. */
export interface ProviderCallErrorDetails {
  readonly code: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}
