import { join } from "node:path";
import { checkoutRoot } from "./checkout.ts";
import { buildGo } from "./go-build.ts";

const folder = join(checkoutRoot, "test/interop/go");
const log = (line: string) => void process.stderr.write(`${line}\n`);

/** Lines of the Secrets Store CSI driver, by the lock file of its client. */
const driverModFiles = { "1.5": "driver-1.5.mod", "1.6": "go.mod" } as const;

/** A line of the Secrets Store CSI driver whose own client tests can mount with. */
export type DriverLine = keyof typeof driverModFiles;

/** Path of test/interop/go/mount, built with the client of this line of the driver. */
export async function driverClient(line: DriverLine): Promise<string> {
  const binaries = await buildGo(
    {
      folder: join(folder, "mount"),
      cacheName: "interop-go",
      modFile: driverModFiles[line],
      binaries: ["mount"],
      description: `client of the CSI driver ${line}; about 1 minute on 2 cores`,
    },
    log,
  );
  return join(binaries, "mount");
}

/** Path of test/interop/go/vault: the official SDK for Go. */
export async function goSdkFlows(): Promise<string> {
  const binaries = await buildGo(
    {
      folder: join(folder, "vault"),
      cacheName: "interop-go",
      binaries: ["vault"],
      description: "Key Vault SDK for Go; about 1 minute on 2 cores",
    },
    log,
  );
  return join(binaries, "vault");
}
