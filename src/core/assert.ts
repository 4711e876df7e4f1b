/** A defect of Keyweir itself, never of its input: the process that meets one restarts. */
export class BugError extends Error {
  override readonly name = "BugError";
}

/** Throws a {@link BugError} unless `condition` holds. `message` names the broken promise. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new BugError(message);
}

/** Ends a `switch` over a closed union: the compiler refuses it while a case is missing. */
export function assertNever(value: never): never {
  throw new BugError(`unexpected case: ${JSON.stringify(value)}`);
}
