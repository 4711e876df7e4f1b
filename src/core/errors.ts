/** The text of anything that was thrown, without its stack. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.message === "" && thrown.errors.length > 0) {
    return messageOf(thrown.errors[0]);
  }
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The operating system's code of a failed call (`ECONNREFUSED`, `ENOENT` …), also when it is nested as a cause. */
export function systemCodeOf(thrown: unknown): string | undefined {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth++) {
    if ("code" in error && typeof error.code === "string") return error.code;
    if (error instanceof AggregateError && error.errors.length > 0) return systemCodeOf(error.errors[0]);
  }
  return undefined;
}

/** Wrong input of a person: the command line prints the message alone, then `hint`, and ends with exit code 1. */
export class UserError extends Error {
  override readonly name = "UserError";
  /** What to do, as a sentence or a command. */
  readonly hint: string;
  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}
