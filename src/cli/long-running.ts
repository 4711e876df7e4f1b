/** What the commands that stay up have in common: say when they are ready, then wait to be asked to end. */
import { jsonLogger, type Logger, silentLogger } from "../core/log.ts";
import type { CliContext } from "./context.ts";
import { text } from "./flag-parsers.ts";

/** `--output`: text for people, or one JSON object on the first line of stdout for scripts. */
export type OutputFormat = "text" | "json";

/** The `--output` flag of a long-running command. */
export const outputFlag = {
  kind: "enum",
  values: ["text", "json"],
  default: "text",
  brief: "What stdout gets when ready: lines for people, or one JSON object",
} as const;

/** How much a service logs on stderr, one JSON object a line. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** The `--log-level` flag of a service. */
export const logLevelFlag = {
  kind: "enum",
  values: ["debug", "info", "warn", "error", "silent"],
  default: "info",
  placeholder: "LEVEL",
  brief: "What to log on stderr, as lines of JSON",
} as const;

/** `--bind-address`: where the probes of a service listen. */
export const bindAddressFlag = {
  kind: "parsed",
  parse: text,
  default: "127.0.0.1",
  placeholder: "ADDRESS",
  brief: "Where the ports below listen; in a pod 0.0.0.0",
} as const;

/** A logger to stderr. */
export function stderrLogger({ process }: CliContext, level: LogLevel): Logger {
  return level === "silent" ? silentLogger : jsonLogger((line) => process.stderr.write(line), level);
}

/** Says that the command is ready: `fields` after `"ready":true` as one line of JSON, or `lines` as they are. */
export function announceReady(
  context: CliContext,
  output: OutputFormat,
  fields: Readonly<Record<string, unknown>>,
  lines: readonly string[],
): void {
  const line = output === "json" ? JSON.stringify({ ready: true, ...fields }) : lines.join("\n");
  context.process.stdout.write(`${line}\n`);
}

/** Resolves when the signal aborts, at once if it has. */
export function untilStopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
