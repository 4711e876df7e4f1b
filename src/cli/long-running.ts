/** What the commands that stay up have in common: say when they are ready, then wait to be asked to end. */
import type { CliContext } from "./context.ts";

/** `--output`: text for people, or one JSON object on the first line of stdout for scripts. */
export type OutputFormat = "text" | "json";

/** The `--output` flag of a long-running command. */
export const outputFlag = {
  kind: "enum",
  values: ["text", "json"],
  default: "text",
  brief: "What stdout gets when ready: lines for people, or one JSON object",
} as const;

/** Says that the command is ready: `fields` after `"ready":true` as one line of JSON, or `lines` as they are. */
export function announceReady(
  context: CliContext,
  output: OutputFormat,
  fields: Readonly<Record<string, unknown>>,
  lines: readonly string[],
): void {
  const text = output === "json" ? JSON.stringify({ ready: true, ...fields }) : lines.join("\n");
  context.process.stdout.write(`${text}\n`);
}

/** Resolves when the signal aborts, at once if it has. */
export function untilStopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
