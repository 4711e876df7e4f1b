import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/core/clock.ts";

/** A running `keyweir …`, as a script meets it. */
export interface KeyweirProcess {
  readonly pid: number;
  /** What it printed so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves with the first line of stdout; rejects with what was printed when the process ends before. */
  firstLine(): Promise<string>;
  /** Resolves when the text shows up on stdout. */
  untilPrinted(text: string): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** Resolves when the process has ended; the code is null when a signal killed it. */
  readonly exited: Promise<{ readonly code: number | null; readonly afterMs: number }>;
}

const executable = fileURLToPath(new URL("../../bin/keyweir", import.meta.url));
const running = new Set<{ readonly kill: () => void; readonly ended: Promise<unknown> }>();

/** Starts the command line in a process of its own. `environment` is added to this process's. */
export function startKeyweir(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): KeyweirProcess {
  const child = spawn(process.execPath, [executable, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  let [stdout, stderr] = ["", ""];
  let hasEnded = false;
  const watchers = new Set<() => void>();
  const notify = () => {
    for (const watch of watchers) watch();
  };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
    notify();
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  let signalledMs = systemClock.monotonicMs();
  const exited = once(child, "close").then(([code]) => {
    hasEnded = true;
    running.delete(entry);
    notify();
    return { code: code as number | null, afterMs: systemClock.monotonicMs() - signalledMs };
  });
  const entry = { kill: () => void child.kill("SIGKILL"), ended: exited };
  running.add(entry);
  const until = <T>(find: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const look = () => {
        const found = find();
        if (found === undefined && !hasEnded) return;
        watchers.delete(look);
        if (found === undefined) reject(new Error(`keyweir ${args.join(" ")} ended: ${stdout}${stderr}`));
        else resolve(found);
      };
      watchers.add(look);
      look();
    });
  return {
    pid: child.pid!,
    stdout: () => stdout,
    stderr: () => stderr,
    firstLine: () => until(() => (stdout.includes("\n") ? stdout.split("\n")[0] : undefined)),
    untilPrinted: async (text) => void (await until(() => (stdout.includes(text) ? true : undefined))),
    signal(name) {
      signalledMs = systemClock.monotonicMs();
      child.kill(name);
    },
    exited,
  };
}

/** Kills what a test left running. */
export async function endAllProcesses(): Promise<void> {
  for (const { kill, ended } of running) {
    kill();
    await ended;
  }
}

/** Runs a command to its end. */
export async function runKeyweir(
  args: readonly string[],
  environment?: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = startKeyweir(args, environment);
  const { code } = await child.exited;
  return { code, stdout: child.stdout(), stderr: child.stderr() };
}
