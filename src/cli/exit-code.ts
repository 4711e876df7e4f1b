import { ExitCode as StricliExitCode } from "@stricli/core";

/** What the shell sees. Scripts rely on these three. */
export const exitCode = { success: 0, failure: 1, wrongUsage: 2 } as const;

/** Flags that are each fine but do not go together: printed like any wrong usage, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The exit code for what a command threw. */
export function exitCodeOfError(thrown: unknown): number {
  return thrown instanceof UsageError ? exitCode.wrongUsage : exitCode.failure;
}

/** Maps the negative codes of the command-line library, which a shell would show as 250 and the like. */
export function exitCodeOfRun(code: number): number {
  switch (code) {
    case StricliExitCode.UnknownCommand:
    case StricliExitCode.InvalidArgument:
      return exitCode.wrongUsage;
    default:
      return code < 0 ? exitCode.failure : code;
  }
}
