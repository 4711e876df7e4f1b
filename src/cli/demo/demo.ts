/** The demo's parts, wired together: vault, cluster, provider and controller in this process, over real sockets. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { messageOf, UserError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { startEmulator } from "../../emulator/server.ts";
import { createKubeClient } from "../../kube/client.ts";
import { loadClusterConfig } from "../../kube/cluster-config.ts";
import { httpTransport } from "../../kube/http-transport.ts";
import { KubeError } from "../../kube/kube-error.ts";
import { limitProfiles } from "../../limits/profiles.ts";
import { secretSyncs } from "../../operator/secret-sync/secret-sync.ts";
import { settingsSchema } from "../../operator/settings.ts";
import { startOperator } from "../../operator/wiring.ts";
import { connectProvider } from "../../provider/client.ts";
import { startSandbox } from "../../sandbox/server.ts";
import { customCloud } from "../../vault/clouds.ts";
import type { CliContext } from "../context.ts";
import { createAll, keyweirManifests, readManifests } from "../manifests.ts";
import { startProviderStack } from "../provider-stack.ts";
import { exampleSet, federatedCredentials } from "./example-set.ts";
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

  await using cluster = await startSandbox({ clock, random: random.fork("sandbox") });
  const credentials = federatedCredentials(examples, cluster.sandbox.issuer);
  await using vaults = await startEmulator({
    vaults: [examples.vaultName],
    tenantId: examples.tenantId,
    clients: [{ clientId: demoClientId, clientSecret: newSecretValue() }],
    federatedCredentials: credentials,
    trustedIssuers: { [cluster.sandbox.issuer]: () => cluster.sandbox.jwks },
    clock,
    random: random.fork("emulator"),
    onAuditRecord: progress.onAuditRecord,
  });
  const vault = vaults.emulator.vault(examples.vaultName);
  for (const name of [...examples.secretNames, ...spareSecretNames]) vault.setSecret(name, newSecretValue());

  const kubeconfigPath = join(folder, "kubeconfig");
  const caFile = join(folder, "ca.pem");
  await context.writeFile(kubeconfigPath, cluster.kubeconfig, true);
  await context.writeFile(caFile, vaults.caPem);

  const socketPath = join(folder, "azure.sock");
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
  const config = await loadClusterConfig({
    kubeconfigPath,
    env: {},
    readFile: (path) => context.readFile(path),
  });
  await using transport = httpTransport(config, { clock });
  const kube = createKubeClient({ transport, clock, random: random.fork("kube"), userAgent: "keyweir-demo" });
  const isSync = ({ kind }: { readonly kind?: string }) => kind === "SecretSync";
  await createAll(kube, [...keyweirManifests, ...objects.filter((object) => !isSync(object))]).catch(
    explainRefusal,
  );

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
  const vaultUrl = vaults.vaultUrls[vault.name]!.origin;
  const { profile } = demoLimits;
  try {
    await use({
      facts: {
        vaultUrl,
        secretCount: vault.secretNames().length,
        requestLimit: profile.vault.other,
        windowSeconds: profile.windowSeconds,
        clusterUrl: cluster.url,
        namespaces: examples.namespaces,
        identityCount: new Set(credentials.map(({ clientId }) => clientId)).size,
        serviceAccountCount: new Set(credentials.map(({ subject }) => subject)).size,
        pollIntervalSeconds,
        kubeconfigPath,
      },
      progress,
      access: {
        kubeconfig: kubeconfigPath,
        vaults: { [vault.name]: vaultUrl },
        authority: vaults.authorityUrl.origin,
        tenantId: vaults.emulator.tenantId,
        clients: vaults.emulator.clients,
        caFile,
      },
      applySecretSyncs: () => createAll(kube, objects.filter(isSync)).catch(explainRefusal),
      rotate() {
        const secretName = examples.syncs[0]?.secretNames.at(-1);
        if (secretName === undefined) return [];
        const version = vault.setSecret(secretName, newSecretValue()).split("/").at(-1)!;
        progress.startRotation(secretName, version);
        return examples.syncs.filter((sync) => sync.secretNames.includes(secretName)).map(({ name }) => name);
      },
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

const demoLimits = { profile: limitProfiles["azure-2026"] };

function newSecretValue(): string {
  return randomBytes(18).toString("base64url");
}

function explainRefusal(error: unknown): never {
  if (!(error instanceof KubeError)) throw error;
  throw new UserError(
    `The cluster refuses an object of examples/: ${messageOf(error)}`,
    "Correct the file.",
    {
      cause: error,
    },
  );
}
