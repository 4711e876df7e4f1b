/** What went wrong with one object: the fields that every layer below gives its errors. */
export interface FetchFailure {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
}

/** The object cannot be delivered as asked, whatever the vault does: it or its specification must change. */
export class ObjectError extends Error {
  override readonly name = "ObjectError";
  readonly code: "Conversion" | "NotFound" | "Disabled";
  readonly retryable = false;
  readonly retryAfterMs = undefined;

  constructor(code: ObjectError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * The failure behind something thrown by the gateway or a conversion. Undefined when it is not an
 * operating failure but a bug, whose text must not be shown.
 */
export function toFetchFailure(thrown: unknown): FetchFailure | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const { code, retryable, retryAfterMs } = thrown as Error & Partial<Record<keyof FetchFailure, unknown>>;
  if (typeof code !== "string" || typeof retryable !== "boolean") return undefined;
  return {
    code,
    message: thrown.message,
    retryable,
    retryAfterMs: typeof retryAfterMs === "number" ? retryAfterMs : undefined,
  };
}
