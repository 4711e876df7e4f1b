/** Child processes on a core of their own, so that what is measured and what loads it do not take each other's time. */
import { spawn, type ChildProcess } from "node:child_process";
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

/** Asks a child that called {@link tellUsage}. */
export async function usageOf(child: ChildProcess): Promise<Usage> {
  const answer = nextLine(child);
  child.stdin!.write("\n");
  return JSON.parse(await answer) as Usage;
}

/** In the child: prints what it has used whenever it is asked. */
export function tellUsage(): void {
  process.stdin.on("data", () => {
    const { user, system } = process.cpuUsage();
    const usage: Usage = { cpuSeconds: (user + system) / 1e6, rssBytes: process.memoryUsage().rss };
    process.stdout.write(`${JSON.stringify(usage)}\n`);
  });
}
