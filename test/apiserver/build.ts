/**
 * Builds the real Kubernetes binaries that the end-to-end tier runs against, from the two Go modules beside this file,
 * into a cache outside the checkout. Nothing of it is needed to use Keyweir or to run its unit tests.
 * `KUBEBUILDER_ASSETS` (the convention of envtest) wins when set.
 *
 *   node test/apiserver/build.ts      prints the two folders
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../src/core/errors.ts";
import { buildGo, type GoBuild } from "../support/go-build.ts";

export interface ApiServerBinaries {
  /** Folder of `kube-apiserver`, `etcd`, `kubectl` and, unless an envtest bundle lacks it, `kube-controller-manager`. */
  readonly folder: string;
  readonly hasControllerManager: boolean;
}

const apiServerBuild: GoBuild = {
  folder: import.meta.dirname,
  cacheName: "apiserver",
  target: "tool",
  linkFlags: versionFlags("v1.36.4"),
  binaries: ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl"],
  renames: { server: "etcd" },
  description: "Kubernetes v1.36.4; about 5 minutes on 2 cores",
  alternative: "set KUBEBUILDER_ASSETS to a folder of envtest binaries",
};

const oldKubectlBuild: GoBuild = {
  folder: join(import.meta.dirname, "kubectl-1.29"),
  cacheName: "apiserver",
  target: "tool",
  linkFlags: versionFlags("v1.29.6"),
  binaries: ["kubectl"],
  description: "Kubernetes v1.29.6; about 1 minute on 2 cores",
};

/** The API server's binaries: from `KUBEBUILDER_ASSETS`, from the cache, or built now. Throws {@link UserError}. */
export async function buildApiServer(log: (line: string) => void): Promise<ApiServerBinaries> {
  const assets = process.env["KUBEBUILDER_ASSETS"];
  if (assets === undefined || assets === "") {
    return { folder: await buildGo(apiServerBuild, log), hasControllerManager: true };
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
  return join(await buildGo(oldKubectlBuild, log), "kubectl");
}

/** Without these `kubectl version` fails; with a fixed date and commit every build gives the same bytes. */
function versionFlags(version: string): readonly string[] {
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
  return packages.flatMap((name) =>
    Object.entries(values).map(([key, value]) => `-X ${name}.${key}=${value}`),
  );
}

if (import.meta.main) {
  const log = (line: string) => void process.stderr.write(`${line}\n`);
  const { folder } = await buildApiServer(log);
  const oldKubectl = await buildOldKubectl(log);
  process.stdout.write(`${folder}\n${oldKubectl}\n`);
}
