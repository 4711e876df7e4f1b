import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { systemClock } from "../../src/core/clock.ts";
import { messageOf, systemCodeOf, UserError } from "../../src/core/errors.ts";
import { keyweirCache } from "./keyweir-cache.ts";

/** Binaries of one Go module. */
export interface GoBuild {
  /** Folder of the module. Its lock file and its sources, with those below it, decide what is built. */
  readonly folder: string;
  /** Folder below the cache that the binaries go to. */
  readonly cacheName: string;
  /** What `go build` is asked for: "tool", or packages of the module. "." when absent. */
  readonly target?: string;
  /** The module's lock file when it has several: `go.mod` when absent; its sums stand beside it in `.sum`. */
  readonly modFile?: string;
  readonly linkFlags?: readonly string[];
  /** Names of the built files, and what `go build` calls those that differ. */
  readonly binaries: readonly string[];
  readonly renames?: Readonly<Record<string, string>>;
  /** For the log: what is built, and how long it takes. */
  readonly description: string;
  /** For whoever has no Go: what to do instead of installing it, as the end of a sentence. */
  readonly alternative?: string;
}

/**
 * The folder of the binaries, from the cache outside the checkout or built now. Sources, lock file, Go version and the
 * command decide which. Throws {@link UserError} without Go.
 */
export async function buildGo(build: GoBuild, log: (line: string) => void): Promise<string> {
  const command = commandOf(build);
  const cache = join(keyweirCache(), build.cacheName);
  const target = join(cache, await keyOf(build, command));
  if (build.binaries.every((name) => existsSync(join(target, name)))) return target;

  await mkdir(cache, { recursive: true });
  const scratch = await mkdtemp(join(cache, "building-"));
  const startMs = systemClock.monotonicMs();
  log(`building ${build.binaries.join(", ")} (${build.description}, once)`);
  try {
    await runGo([...command, "-o", `${scratch}/`, build.target ?? "."], build);
    for (const [from, to] of Object.entries(build.renames ?? {}))
      await rename(join(scratch, from), join(scratch, to));
    await rename(scratch, target).catch((error: unknown) => {
      // Another process finished first; its binaries are the same.
      if (!existsSync(target)) throw error;
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  log(`built in ${Math.round((systemClock.monotonicMs() - startMs) / 1000)} s`);
  return target;
}

function commandOf({ modFile, linkFlags = [] }: GoBuild): readonly string[] {
  const flags = [
    "-mod=readonly",
    "-trimpath",
    "-buildvcs=false",
    "-ldflags",
    ["-s", "-w", ...linkFlags].join(" "),
  ];
  return ["build", ...(modFile === undefined ? [] : [`-modfile=${modFile}`]), ...flags];
}

async function keyOf(build: GoBuild, command: readonly string[]): Promise<string> {
  const { folder, modFile = "go.mod", target, binaries, renames } = build;
  const names = await readdir(folder, { recursive: true });
  const inputs = [
    modFile,
    `${basename(modFile, ".mod")}.sum`,
    ...names.filter((name) => name.endsWith(".go")).toSorted(),
  ];
  const hash = createHash("sha256").update(await runGo(["env", "GOVERSION"], build));
  hash.update(JSON.stringify({ command, target, binaries, renames }));
  for (const input of inputs) hash.update(await readFile(join(folder, input)));
  return hash.digest("hex").slice(0, 16);
}

async function runGo(args: readonly string[], { folder, binaries, alternative }: GoBuild): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)("go", args, {
      cwd: folder,
      env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off" },
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout.trim();
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") {
      throw new UserError(
        `${binaries.join(", ")}: built with Go, and there is no \`go\` on the PATH.`,
        `Install Go 1.26 or newer${alternative === undefined ? "" : `, or ${alternative}`}.`,
        { cause: error },
      );
    }
    throw new Error(`go ${args[0]} in ${folder} failed: ${messageOf(error)}`, { cause: error });
  }
}
