/** Child processes on a core of their own, so that what is measured and what loads it do not take each other's time. */
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** What a process has used since its start. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly rssBytes: number;
}

/** Runs the module `url` on this core, with its standard input and output as pipes. */
export function spawnPinned(core: number, url: string | URL, args: readonly string[]): ChildProcess {
  return spawn("taskset", ["-c", String(core), process.execPath, fileURLToPath(url), ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
}

/** The next line that the child prints. Throws when it ends without one. */
export async function nextLine(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout! });
  try {
    for await (const line of lines) return line;
    throw new Error("the child process ended without a line");
  } finally {
    lines.close();
  }
}

/** What Linux has counted. */
export function usageOf({ pid }: ChildProcess): Usage {
  const [, afterName = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
  // proc_pid_stat(5): utime and stime are fields 14 and 15, in hundredths of a second; this text begins with field 3.
  const fields = afterName.split(" ").map(Number);
  const rssKib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return { cpuSeconds: (fields[11]! + fields[12]!) / 100, rssBytes: Number(rssKib) * 1_024 };
}
