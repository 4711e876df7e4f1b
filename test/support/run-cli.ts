import { systemClock } from "../../src/core/clock.ts";
import { seededRandom } from "../../src/core/random.ts";
import { runCli } from "../../src/cli/app.ts";
import type { CliContext } from "../../src/cli/context.ts";

/** What one command line did. */
export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface IsolatedContext {
  readonly context: CliContext;
  /** What was printed so far. */
  readonly printed: () => Omit<CliResult, "exitCode">;
}

/** A context that touches nothing outside the test; `changes` replaces parts of it. Files are those of `files`. */
export function isolatedContext(
  changes: Partial<CliContext> = {},
  files: Record<string, string> = {},
): IsolatedContext {
  let stdout = "";
  let stderr = "";
  const context: CliContext = {
    process: {
      stdout: { write: (text) => void (stdout += text) },
      stderr: { write: (text) => void (stderr += text) },
      env: {},
    },
    clock: systemClock,
    random: seededRandom(1),
    signal: new AbortController().signal,
    isColor: false,
    async readFile(path) {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
      return text;
    },
    async writeFile(path, text) {
      files[path] = text;
    },
    ...changes,
  };
  return { context, printed: () => ({ stdout, stderr }) };
}

/** Runs `keyweir …` in isolation. */
export async function runIsolated(commandLine: string, changes?: Partial<CliContext>): Promise<CliResult> {
  const { context, printed } = isolatedContext(changes);
  const exitCode = await runCli(commandLine.split(" ").filter(Boolean), context);
  return { exitCode, ...printed() };
}
