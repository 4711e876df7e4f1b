import { hostname } from "node:os";
import { parse, YAMLParseError } from "yaml";
import { messageOf, UserError } from "../../core/errors.ts";
import { listen } from "../../core/listen.ts";
import { loadClusterConfig } from "../../kube/cluster-config.ts";
import { createKubeClient, type KubeClient } from "../../kube/client.ts";
import { httpTransport } from "../../kube/http-transport.ts";
import { isNotFound, KubeError } from "../../kube/kube-error.ts";
import { holdLease } from "../../kube/lease.ts";
import type { Resource } from "../../kube/resources.ts";
import { secretProviderClasses, secretSyncs } from "../../operator/secret-sync/secret-sync.ts";
import { type Settings, type SettingsInput, settingsSchema } from "../../operator/settings.ts";
import { type Operator, startOperator } from "../../operator/wiring.ts";
import { connectProvider } from "../../provider/client.ts";
import type { CliContext } from "../context.ts";
import { readUserFile } from "../files.ts";
import { announceReady, stderrLogger, untilStopped } from "../long-running.ts";
import { probeListener } from "../probes.ts";
import { styleFor } from "../terminal.ts";
import type { ControllerFlags } from "./controller.ts";

/** `keyweir controller`: keeps the Secrets of one cluster in step until the signal. */
export async function runController(this: CliContext, flags: ControllerFlags): Promise<void> {
  const { clock, random, signal } = this;
  const settings = await readSettings(this, flags);
  const { kubeconfig: kubeconfigPath } = flags;
  const config = await loadClusterConfig({
    ...(kubeconfigPath === undefined ? {} : { kubeconfigPath }),
    env: this.process.env,
    readFile: (path) => this.readFile(path),
  });
  const logger = stderrLogger(this, flags.logLevel);
  await using transport = httpTransport(config, { clock, connections: settings.maxConcurrentSyncs + 8 });
  using provider = connectProvider(flags.providerSocket);

  let operator: Operator | undefined;
  let isStandingBy = false;
  const probes = probeListener({
    isReady: () => operator !== undefined || isStandingBy,
    metricsText: async () => (await operator?.metricsText()) ?? "",
  });
  await using health = await serve(probes, flags, "healthPort");
  await using metrics = await serve(probes, flags, "metricsPort");

  await checkCluster(this, createKubeClient({ transport, clock, random: random.fork("check") }));
  const announce = () => {
    const fields = {
      server: config.server,
      watches: [secretSyncs, secretProviderClasses].map(({ plural, group }) => `${plural}.${group}`),
      providerSocket: flags.providerSocket,
      ...(health === undefined ? {} : { healthPort: health.port }),
      ...(metrics === undefined ? {} : { metricsPort: metrics.port }),
    };
    announceReady(this, flags.output, fields, [
      `${styleFor(this.isColor).strong("Controller")} watches SecretSyncs and SecretProviderClasses of ${config.server}`,
      `Polls every ${settings.rotationPollIntervalInSeconds} s, jitter ${settings.jitterSeconds} s; provider at unix://${flags.providerSocket}`,
    ]);
  };
  const lead = async (leading: AbortSignal) => {
    const starting = startOperator({ transport, provider, clock, random, logger, settings });
    operator = await Promise.race([starting, untilStopped(leading).then(() => undefined)]);
    if (operator === undefined) return;
    if (!flags.leaderElect) announce();
    await untilStopped(leading);
    await operator.stop();
    operator = undefined;
  };
  if (!flags.leaderElect) return await lead(signal);

  // A candidate that stands by is as ready as the one that leads.
  isStandingBy = true;
  announce();
  const client = createKubeClient({ transport, clock, random: random.fork("lease") });
  const identity = `${hostname()}_${Math.floor(random.next() * 2 ** 32).toString(16)}`;
  const lease = { namespace: settings.namespace, name: "keyweir-leader", identity };
  await holdLease({ client, clock, random: random.fork("election"), ...lease, lead, logger }, signal);
}

function serve(
  probes: ReturnType<typeof probeListener>,
  flags: ControllerFlags,
  name: "healthPort" | "metricsPort",
): Promise<Awaited<ReturnType<typeof listen>> | undefined> {
  const port = flags[name];
  if (port === undefined) return Promise.resolve(undefined);
  const flag = name === "healthPort" ? "--health-port" : "--metrics-port";
  return listen(probes, { host: flags.bindAddress, port, name: flag });
}

/** A wrong address or a cluster without the CRDs is told at once instead of in a log. */
async function checkCluster({ signal }: CliContext, kube: KubeClient): Promise<void> {
  const resources: readonly Resource[] = [secretSyncs, secretProviderClasses];
  for (const resource of resources) {
    try {
      await kube.list(resource, { limit: 1 }, signal);
    } catch (error) {
      if (signal.aborted) return;
      throw describeClusterError(error, `${resource.plural}.${resource.group}`);
    }
  }
}

function describeClusterError(error: unknown, resourceName: string): unknown {
  if (!(error instanceof KubeError)) return error;
  if (isNotFound(error)) {
    return new UserError(
      `The cluster does not know ${resourceName}.`,
      "Install Keyweir's CRDs first, then start the controller again.",
      { cause: error },
    );
  }
  const message = messageOf(error);
  return new UserError(
    `${message.charAt(0).toUpperCase()}${message.slice(1)}.`,
    "Try the same with kubectl: kubectl --kubeconfig FILE get secretsync -A",
    { cause: error },
  );
}

/** The file's settings, the flags over them, and the defaults for the rest. */
async function readSettings(context: CliContext, flags: ControllerFlags): Promise<Settings> {
  const fromFile =
    flags.config === undefined
      ? {}
      : parseConfig(await readUserFile(context, flags.config, "--config"), flags.config);
  const fromFlags = Object.fromEntries(
    settingNames.map((name) => [name, flags[name]]).filter(([, value]) => value !== undefined),
  ) as SettingsInput;
  const result = settingsSchema.safeParse({ ...fromFile, ...fromFlags });
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new UserError(
    `${flags.config ?? "settings"}: ${[...issue.path, issue.message].join(": ")}.`,
    `The settings are ${settingNames.join(", ")}.`,
  );
}

const settingNames = Object.keys(settingsSchema.unwrap().shape) as (keyof SettingsInput)[];

function parseConfig(text: string, path: string): Record<string, unknown> {
  let document: unknown;
  try {
    document = parse(text, { maxAliasCount: 0, prettyErrors: false }) ?? {};
  } catch (error) {
    const line =
      error instanceof YAMLParseError ? `, line ${text.slice(0, error.pos[0]).split("\n").length}` : "";
    throw new UserError(
      `--config: ${path}${line}: this is no YAML.`,
      "Write one setting a line: jitterSeconds: 75",
    );
  }
  if (typeof document === "object" && document !== null && !Array.isArray(document)) {
    return document as Record<string, unknown>;
  }
  throw new UserError(`--config: ${path} holds no settings.`, "Write one setting a line: jitterSeconds: 75");
}
