/** The demo's parts, wired together: vault, cluster, provider and controller in this process, over real sockets. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { messageOf, UserError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { type EmulatorServer, startEmulator } from "../../emulator/server.ts";
import { createKubeClient, type KubeClient } from "../../kube/client.ts";
import { loadClusterConfig } from "../../kube/cluster-config.ts";
import { httpTransport } from "../../kube/http-transport.ts";
import { KubeError } from "../../kube/kube-error.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { limitProfiles } from "../../limits/profiles.ts";
import { secretSyncs } from "../../operator/secret-sync/secret-sync.ts";
import { settingsSchema } from "../../operator/settings.ts";
import { startOperator } from "../../operator/wiring.ts";
import { connectProvider } from "../../provider/client.ts";
import { type SandboxServer, startSandbox } from "../../sandbox/server.ts";
import { customCloud } from "../../vault/clouds.ts";
import type { CliContext } from "../context.ts";
import { createAll, keyweirManifests, readManifests } from "../manifests.ts";
import { startProviderStack } from "../provider-stack.ts";
import { type ExampleSet, exampleSet, federatedCredentials } from "./example-set.ts";
import { DemoProgress } from "./progress.ts";
import type { DemoFacts } from "./screen.ts";

/** The running demo, as whoever shows it sees it. */
export interface Demo {
  readonly facts: DemoFacts;
  readonly progress: DemoProgress;
  /** The fields of the JSON line, after `ready`. */
  readonly access: Readonly<Record<string, unknown>>;
  /** Creates the SecretSyncs: from here on secrets arrive. */
  applySecretSyncs(): Promise<void>;
  /** Writes a new version of a secret that the manifests use; returns the SecretSyncs that read it, perhaps none. */
  rotate(): readonly string[];
  /** Asks the controller to read the vault for this SecretSync at once. */
  force(name: string): Promise<void>;
}

export interface DemoOptions {
  /** Exists, and is removed by the caller. */
  readonly folder: string;
  /** The YAML files to apply. */
  readonly manifestsFolder: string;
  readonly pollIntervalSeconds: number;
  readonly logger: Logger;
}

/** Secrets beside those that the examples use, to add to a SecretProviderClass and see arrive. */
const spareSecretNames = ["smtp-password", "session-key"];

/** Starts everything, hands it to `use`, and ends everything when that ends, in reverse order. */
export async function withDemo(
  context: CliContext,
  { folder, manifestsFolder, pollIntervalSeconds, logger }: DemoOptions,
  use: (demo: Demo) => Promise<void>,
): Promise<void> {
  const { clock, random } = context;
  const objects = readManifests(manifestsFolder);
  const examples = exampleSet(objects);
  const progress = new DemoProgress(clock, examples.syncs);
  const socketPath = join(folder, "azure.sock");
  const kubeconfigPath = join(folder, "kubeconfig");
  const caFile = join(folder, "ca.pem");

  await using cluster = await startSandbox({ clock, random: random.fork("sandbox") });
  await using vaults = await startVaults(context, examples, cluster, progress);
  await context.writeFile(kubeconfigPath, cluster.kubeconfig, true);
  await context.writeFile(caFile, vaults.caPem);
  await using _provider = await startProviderStack({
    socketPath,
    cloud: customCloud({
      name: "demo",
      authorityUrl: vaults.authorityUrl.origin,
      vaultDnsSuffix: `vault.localhost:${vaults.port}`,
    }),
    caPem: vaults.caPem,
    clock,
    random,
    logger,
  });
  const readFile = (path: string) => context.readFile(path);
  await using transport = httpTransport(await loadClusterConfig({ kubeconfigPath, env: {}, readFile }), {
    clock,
  });
  const kube = createKubeClient({ transport, clock, random: random.fork("kube"), userAgent: "keyweir-demo" });
  const isSync = ({ kind }: KubeObject) => kind === "SecretSync";
  await applyAll(kube, [...keyweirManifests, ...objects.filter((object) => !isSync(object))]);

  using provider = connectProvider(socketPath);
  const operator = await startOperator({
    transport,
    provider,
    clock,
    random: random.fork("operator"),
    logger,
    settings: settingsSchema.parse({
      rotationPollIntervalInSeconds: pollIntervalSeconds,
      statusEveryPolls: 1,
    }),
    onAttempt: progress.onAttempt,
  });
  try {
    await use({
      facts: factsOf(examples, vaults, cluster, { pollIntervalSeconds, kubeconfigPath }),
      progress,
      access: accessOf(examples, vaults, { kubeconfigPath, caFile }),
      applySecretSyncs: () => applyAll(kube, objects.filter(isSync)),
      rotate: () => rotate(examples, vaults, progress),
      async force(key) {
        const [namespace = "", name = ""] = key.split("/");
        const forceSynchronization = `demo-${clock.wallMs()}`;
        await kube.mergePatch(secretSyncs, { namespace, name }, { spec: { forceSynchronization } });
      },
    });
  } finally {
    await operator.stop();
  }
}

/** For the SDKs: an application that may read and write the vault with a secret. */
const demoClientId = "11111111-1111-4111-8111-111111111111";
const profile = limitProfiles["azure-2026"];

/** The vault of the manifests with a value for every secret that they name, trusting the cluster's service accounts. */
async function startVaults(
  { clock, random }: CliContext,
  examples: ExampleSet,
  { sandbox }: SandboxServer,
  progress: DemoProgress,
): Promise<EmulatorServer> {
  const server = await startEmulator({
    vaults: [examples.vaultName],
    profile: profile.name,
    tenantId: examples.tenantId,
    clients: [{ clientId: demoClientId, clientSecret: newSecretValue() }],
    federatedCredentials: federatedCredentials(examples, sandbox.issuer),
    trustedIssuers: { [sandbox.issuer]: () => sandbox.jwks },
    clock,
    random: random.fork("emulator"),
    onAuditRecord: progress.onAuditRecord,
  });
  const vault = server.emulator.vault(examples.vaultName);
  for (const name of [...examples.secretNames, ...spareSecretNames]) vault.setSecret(name, newSecretValue());
  return server;
}

function rotate(examples: ExampleSet, vaults: EmulatorServer, progress: DemoProgress): readonly string[] {
  const secretName = examples.syncs[0]?.secretNames.at(-1);
  if (secretName === undefined) return [];
  const id = vaults.emulator.vault(examples.vaultName).setSecret(secretName, newSecretValue());
  progress.startRotation(secretName, id.split("/").at(-1)!);
  return examples.syncs.filter(({ secretNames }) => secretNames.includes(secretName)).map(({ name }) => name);
}

function factsOf(
  { vaultName, namespaces, syncs }: ExampleSet,
  vaults: EmulatorServer,
  cluster: SandboxServer,
  rest: Pick<DemoFacts, "pollIntervalSeconds" | "kubeconfigPath">,
): DemoFacts {
  return {
    ...rest,
    vaultUrl: vaultUrlOf(vaultName, vaults),
    secretCount: vaults.emulator.vault(vaultName).secretNames().length,
    requestLimit: profile.vault.other,
    windowSeconds: profile.windowSeconds,
    clusterUrl: cluster.url,
    namespaces,
    identityCount: new Set(syncs.map(({ clientId }) => clientId)).size,
    serviceAccountCount: new Set(syncs.map(({ subject }) => subject)).size,
  };
}

function accessOf(
  { vaultName }: ExampleSet,
  vaults: EmulatorServer,
  files: { readonly kubeconfigPath: string; readonly caFile: string },
): Demo["access"] {
  return {
    kubeconfig: files.kubeconfigPath,
    vaults: { [vaultName]: vaultUrlOf(vaultName, vaults) },
    authority: vaults.authorityUrl.origin,
    tenantId: vaults.emulator.tenantId,
    clients: vaults.emulator.clients,
    caFile: files.caFile,
  };
}

function vaultUrlOf(vaultName: string, { vaultUrls }: EmulatorServer): string {
  return vaultUrls[vaultName.toLowerCase()]!.origin;
}

function newSecretValue(): string {
  return randomBytes(18).toString("base64url");
}

async function applyAll(kube: KubeClient, objects: readonly KubeObject[]): Promise<void> {
  try {
    await createAll(kube, objects);
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    throw new UserError(`The cluster refuses a manifest: ${messageOf(error)}`, "Correct its file.", {
      cause: error,
    });
  }
}
