/**
 * Builds the real Kubernetes binaries that the end-to-end tier runs against, from the two Go modules beside this file,
 * into a cache outside the checkout. They depend on the lock files, this script and the Go version alone. Nothing of
 * it is needed to use Keyweir or to run its unit tests. `KUBEBUILDER_ASSETS` (the convention of envtest) wins when set.
 *
 *   node test/apiserver/build.ts      prints the two folders
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { messageOf, systemCodeOf, UserError } from "../../src/core/errors.ts";

export interface ApiServerBinaries {
  /** Folder of `kube-apiserver`, `etcd`, `kubectl` and, unless an envtest bundle lacks it, `kube-controller-manager`. */
  readonly folder: string;
  readonly hasControllerManager: boolean;
}

interface GoModule {
  readonly folder: string;
  readonly version: string;
  /** Names of the built files, and what `go build` calls those that differ. */
  readonly binaries: readonly string[];
  readonly renames: Readonly<Record<string, string>>;
  readonly expectation: string;
}

const apiServerModule: GoModule = {
  folder: import.meta.dirname,
  version: "v1.36.4",
  binaries: ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl"],
  renames: { server: "etcd" },
  expectation: "about 5 minutes on 2 cores",
};

const oldKubectlModule: GoModule = {
  folder: join(import.meta.dirname, "kubectl-1.29"),
  version: "v1.29.6",
  binaries: ["kubectl"],
  renames: {},
  expectation: "about 1 minute on 2 cores",
};

/** The API server's binaries: from `KUBEBUILDER_ASSETS`, from the cache, or built now. Throws {@link UserError}. */
export async function buildApiServer(log: (line: string) => void): Promise<ApiServerBinaries> {
  const assets = process.env["KUBEBUILDER_ASSETS"];
  if (assets === undefined || assets === "") {
    return { folder: await buildModule(apiServerModule, log), hasControllerManager: true };
  }
  const missing = ["etcd", "kube-apiserver", "kubectl"].filter((name) => !existsSync(join(assets, name)));
  if (missing.length > 0) {
    throw new UserError(
      `KUBEBUILDER_ASSETS=${assets} has no ${missing.join(", ")}.`,
      "Point it to a folder of envtest binaries, or unset it to build them with Go.",
    );
  }
  return { folder: assets, hasControllerManager: existsSync(join(assets, "kube-controller-manager")) };
}

/** Path of a kubectl 1.29, the oldest line that Keyweir's sandbox answers. */
export async function buildOldKubectl(log: (line: string) => void): Promise<string> {
  return join(await buildModule(oldKubectlModule, log), "kubectl");
}

async function buildModule(module: GoModule, log: (line: string) => void): Promise<string> {
  const goVersion = await runGo(["env", "GOVERSION"], module.folder);
  const inputs = [join(module.folder, "go.mod"), join(module.folder, "go.sum"), import.meta.filename];
  const hash = createHash("sha256").update(goVersion);
  for (const input of inputs) hash.update(await readFile(input));
  const cache = join(cacheFolder(), "apiserver");
  const target = join(cache, hash.digest("hex").slice(0, 16));
  if (module.binaries.every((name) => existsSync(join(target, name)))) return target;

  await mkdir(cache, { recursive: true });
  const scratch = await mkdtemp(join(cache, "building-"));
  const startMs = performance.now();
  log(`building ${module.binaries.join(", ")} (Kubernetes ${module.version}; ${module.expectation}, once)`);
  try {
    await runGo(
      [
        "build",
        "-mod=readonly",
        "-trimpath",
        "-ldflags",
        linkFlags(module.version),
        "-o",
        `${scratch}/`,
        "tool",
      ],
      module.folder,
    );
    for (const [from, to] of Object.entries(module.renames))
      await rename(join(scratch, from), join(scratch, to));
    await rename(scratch, target).catch((error: unknown) => {
      // Another process finished first; its binaries are the same.
      if (!existsSync(target)) throw error;
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  log(`built in ${Math.round((performance.now() - startMs) / 1000)} s`);
  return target;
}

function cacheFolder(): string {
  const { KEYWEIR_CACHE, XDG_CACHE_HOME } = process.env;
  return KEYWEIR_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "keyweir");
}

/** Without these `kubectl version` fails; with a fixed date and commit every build gives the same bytes. */
function linkFlags(version: string): string {
  const [major = "", minor = ""] = version.slice(1).split(".");
  const values = {
    gitVersion: version,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: "clean",
    gitCommit: "unknown",
    buildDate: "1970-01-01T00:00:00Z",
  };
  const packages = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"];
  const settings = packages.flatMap((name) =>
    Object.entries(values).map(([key, value]) => `-X ${name}.${key}=${value}`),
  );
  return ["-s", "-w", ...settings].join(" ");
}

async function runGo(args: readonly string[], folder: string): Promise<string> {
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
        "The real API server is built with Go, and there is no `go` on the PATH.",
        "Install Go 1.26 or newer, or set KUBEBUILDER_ASSETS to a folder of envtest binaries.",
        { cause: error },
      );
    }
    throw new Error(`go ${args[0]} in ${folder} failed: ${messageOf(error)}`, { cause: error });
  }
}

if (import.meta.main) {
  const log = (line: string) => void process.stderr.write(`${line}\n`);
  const { folder } = await buildApiServer(log);
  const oldKubectl = await buildOldKubectl(log);
  process.stdout.write(`${folder}\n${oldKubectl}\n`);
}
