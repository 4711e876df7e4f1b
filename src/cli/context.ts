import type { StricliProcess } from "@stricli/core";
import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";

/**
 * Everything a command knows about the world outside: commands reach streams, files, time and chance through `this`
 * and never through globals. So a test runs any command in isolation and reads what it printed.
 */
export interface CliContext {
  readonly process: CliProcess;
  readonly clock: Clock;
  readonly random: Random;
  /** Aborts when the person or the system asks the process to end (SIGINT, SIGTERM, SIGHUP). */
  readonly signal: AbortSignal;
  /** Whether stdout takes colour: a terminal, and neither `NO_COLOR` nor `TERM=dumb` is set. */
  readonly isColor: boolean;
  /** UTF-8 text of a file. Rejects with the operating system's error. */
  readFile(path: string): Promise<string>;
  /** Replaces a file with UTF-8 text; `isPrivate` keeps others from reading it. Rejects with the system's error. */
  writeFile(path: string, text: string, isPrivate?: boolean): Promise<void>;
}

/** The parts of Node's `process` that commands use. */
export interface CliProcess extends StricliProcess {
  readonly stdout: CliStream;
  readonly stderr: CliStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Where text goes. */
export interface CliStream {
  readonly write: (text: string) => void;
  /** True on a terminal, where lines may be re-drawn in place. */
  readonly isTTY?: boolean;
  /** Width of the terminal in characters; absent elsewhere. */
  readonly columns?: number;
  /** Height of the terminal in lines; absent elsewhere. */
  readonly rows?: number;
}
