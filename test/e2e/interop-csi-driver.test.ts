import { X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { startEmulator, type EmulatedVault, type EmulatorServer } from "../../src/emulator/index.ts";
import { canaryValue, expectNoCanary } from "../support/canary.ts";
import { checkoutRoot } from "../support/checkout.ts";
import { driverClient, type DriverLine } from "../support/go-programs.ts";
import { endAllProcesses, startKeyweir, type KeyweirProcess } from "../support/keyweir-process.ts";
import { mountRequest, type MountParts } from "../support/mount-request.ts";
import { secret } from "../support/provider-scene.ts";
import { runWithInput } from "../support/run-input.ts";
import { federatedClientId, federation, serviceAccountToken } from "../support/service-account-tokens.ts";

const folder = mkdtempSync(join(tmpdir(), "keyweir-interop-"));
const pfx = readFileSync(join(checkoutRoot, "src/provider/fixtures/rsa.pfx")).toString("base64");
const { version: keyweirVersion } = JSON.parse(readFileSync(join(checkoutRoot, "package.json"), "utf8")) as {
  readonly version: string;
};

let emulator: EmulatorServer;
let vault: EmulatedVault;
let provider: KeyweirProcess;
let mountCount = 0;

/** The provider as a process of its own, before a vault in this one. */
beforeAll(async () => {
  emulator = await startEmulator({ vaults: ["demo"], ...federation });
  vault = emulator.emulator.vault("demo");
  const caFile = join(folder, "ca.pem");
  writeFileSync(caFile, emulator.caPem);
  const vaultFlags = ["--vault-suffix", `vault.localhost:${emulator.port}`];
  const flags = ["--ca-file", caFile, "--authority", emulator.authorityUrl.origin, ...vaultFlags];
  provider = startKeyweir(["provider", "--output", "json", "--socket", join(folder, "azure.sock"), ...flags]);
  await provider.firstLine();
});

afterAll(async () => {
  await endAllProcesses();
  await emulator?.close();
  rmSync(folder, { recursive: true });
  expectNoCanary(provider.stdout() + provider.stderr());
});

/** What test/interop/go/mount prints. */
interface MountResult {
  readonly runtimeVersion: string;
  readonly objectVersions: Readonly<Record<string, string>> | null;
  readonly errorReason: string;
  readonly error: string;
}

interface DriverMount extends MountParts {
  readonly targetPath: string;
  readonly provider?: string;
  readonly objectVersions?: Readonly<Record<string, string>>;
}

describe.each<DriverLine>(["1.5", "1.6"])("the client of the Secrets Store CSI driver %s", (line) => {
  let client: string;
  beforeAll(async () => {
    client = await driverClient(line);
  });

  /** One Mount by the driver's own client, for workload identity unless the parts say otherwise. */
  async function mount(parts: DriverMount): Promise<MountResult> {
    const { provider = "azure", objectVersions = {}, attributes, ...rest } = parts;
    const request = mountRequest({
      attributes: {
        tenantID: emulator.emulator.tenantId,
        clientID: federatedClientId,
        "csi.storage.k8s.io/serviceAccount.tokens": JSON.stringify({
          "api://AzureADTokenExchange": { token: serviceAccountToken("web", systemClock.wallMs()) },
        }),
        ...attributes,
      },
      ...rest,
    });
    const input = JSON.stringify({ ...request, providersFolder: folder, provider, objectVersions });
    const output = await runWithInput(client, [], input);
    expectNoCanary(output);
    return JSON.parse(output) as MountResult;
  }

  test("writes secret, key and certificate with the modes that are asked for", async () => {
    const targetPath = newTarget();
    const secretVersion = vault.setSecret("db", canaryValue);
    const certificateVersion = vault.importCertificate("web", pfx);
    const objects = [
      secret("db"),
      secret("db", { objectAlias: "private/db", filePermission: '"0400"' }),
      { objectName: "web", objectType: "cert", objectAlias: "web.crt" },
      { objectName: "web", objectType: "key", objectAlias: "web.pub" },
    ];
    expect(await mount({ targetPath, objects })).toEqual({
      runtimeVersion: keyweirVersion,
      objectVersions: {
        "secret/db": secretVersion,
        "cert/web": certificateVersion,
        "key/web": certificateVersion,
      },
      errorReason: "",
      error: "",
    });
    const files = filesIn(targetPath);
    expect(Object.fromEntries(Object.entries(files).map(([path, { mode }]) => [path, mode]))).toEqual({
      db: "644",
      "private/db": "400",
      "web.crt": "644",
      "web.pub": "644",
    });
    expect([files["db"]!.text, files["private/db"]!.text]).toEqual([canaryValue, canaryValue]);
    const certificate = new X509Certificate(files["web.crt"]!.text);
    expect(certificate.publicKey.export({ format: "pem", type: "spki" })).toBe(files["web.pub"]!.text);
  });

  test("mounts for a service principal, as nodePublishSecretRef gives it", async () => {
    const targetPath = newTarget();
    vault.setSecret("db", canaryValue);
    const { clientId: clientid, clientSecret: clientsecret } = emulator.emulator.clients[0]!;
    const parts = { attributes: { clientID: undefined }, secrets: { clientid, clientsecret } };
    expect(await mount({ targetPath, objects: [secret("db")], ...parts })).toMatchObject({ error: "" });
    expect(filesIn(targetPath)["db"]!.text).toBe(canaryValue);
  });

  test("rotates: a later mount replaces the files and tells the new versions", async () => {
    const targetPath = newTarget();
    vault.setSecret("rotated", "old");
    const objects = [secret("rotated")];
    const { objectVersions } = await mount({ targetPath, objects });
    const version = vault.setSecret("rotated", "new");
    const next = await mount({ targetPath, objects, objectVersions: objectVersions! });
    expect(next).toMatchObject({ objectVersions: { "secret/rotated": version }, error: "" });
    expect(objectVersions).not.toEqual(next.objectVersions);
    expect(filesIn(targetPath)["rotated"]!.text).toBe("new");
  });

  test.each<[string, Omit<DriverMount, "targetPath">, RegExp]>([
    [
      "an object that is not there",
      { objects: [secret("missing")] },
      /^rpc error: code = Unknown desc = failed to mount objects, error: .*objectName:missing.*404 SecretNotFound/,
    ],
    ["a class without a vault", { attributes: { keyvaultName: "" } }, /keyvaultName is not provided/],
    ["a service account that may not", { attributes: tokenOf("stranger") }, /failed to .*AADSTS70021/s],
    ["a socket that is not there", { provider: "other" }, /^provider not found: provider "other"$/],
  ])("shows the kubelet why it cannot mount %s, and writes nothing", async (_what, parts, text) => {
    const targetPath = newTarget();
    const result = await mount({ objects: [secret("db")], ...parts, targetPath });
    expect(result).toMatchObject({ objectVersions: null, error: expect.stringMatching(text) as string });
    expect(result.errorReason).toBe(parts.provider === undefined ? "GRPCProviderError" : "");
    expect(filesIn(targetPath)).toEqual({});
  });
});

function tokenOf(serviceAccount: string) {
  const token = serviceAccountToken(serviceAccount, systemClock.wallMs());
  return {
    "csi.storage.k8s.io/serviceAccount.name": serviceAccount,
    "csi.storage.k8s.io/serviceAccount.tokens": JSON.stringify({ "api://AzureADTokenExchange": { token } }),
  };
}

/** The empty folder of a pod, as the kubelet makes it. */
function newTarget(): string {
  const path = join(folder, `target-${mountCount++}`);
  mkdirSync(path);
  return path;
}

/** What a pod sees, without the links that make the driver's writes atomic. */
function filesIn(path: string): Record<string, { readonly mode: string; readonly text: string }> {
  const names = readdirSync(path).filter((name) => !name.startsWith(".."));
  const files = names.flatMap((name) => {
    const full = join(path, name);
    if (statSync(full).isDirectory()) {
      return Object.entries(filesIn(full)).map(([below, file]) => [`${name}/${below}`, file] as const);
    }
    const mode = (statSync(full).mode & 0o777).toString(8);
    return [[name, { mode, text: readFileSync(full, "utf8") }] as const];
  });
  return Object.fromEntries(files);
}
