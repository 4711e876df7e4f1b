/** How the controller is put together. Everything it meets comes in as a parameter; read this page from the top. */
import { createSecretKey, randomBytes } from "node:crypto";
import { sleep, type Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import { createKubeClient } from "../kube/client.ts";
import { createEventRecorder } from "../kube/events.ts";
import { KubeError } from "../kube/kube-error.ts";
import { Reflector } from "../kube/reflector.ts";
import type { KubeTransport } from "../kube/transport.ts";
import { WorkQueue } from "../kube/work-queue.ts";
import { exponentialBackoff, honourRetryAfter } from "../policy/backoff.ts";
import type { ProviderClient } from "../provider/client.ts";
import { readLastAlive, keepHeartbeat } from "./heartbeat.ts";
import { loadInstallationKey } from "./installation-key.ts";
import { createOperatorMetrics } from "./metrics.ts";
import { classIndex, SecretSyncController, type AttemptReport } from "./secret-sync/controller.ts";
import {
  secretProviderClasses,
  secretSyncs,
  type SecretProviderClass,
  type SecretSync,
} from "./secret-sync/secret-sync.ts";
import { sharingMounts } from "./secret-sync/shared-mounts.ts";
import { ServiceAccountTokens } from "./service-account-tokens.ts";
import type { Settings } from "./settings.ts";

export interface OperatorOptions {
  readonly transport: KubeTransport;
  readonly provider: ProviderClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly settings: Settings;
  /** Default: the name of this process, for tests and the demo. */
  readonly pod?: { readonly name: string; readonly uid: string };
  /** 32 random bytes from the operating system unless a test wants the same ones again. */
  readonly generateKey?: () => Uint8Array;
  readonly onAttempt?: (report: AttemptReport) => void;
}

export interface Operator {
  /** The text that Prometheus scrapes. */
  metricsText(): Promise<string>;
  /** Ends all work and watches within one step; resolves when nothing runs any more. */
  stop(): Promise<void>;
}

/** Resolves when the caches are filled and the first SecretSyncs are being worked on. */
export async function startOperator(options: OperatorOptions): Promise<Operator> {
  const { transport, clock, random, logger, settings } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const kube = createKubeClient({
    transport,
    clock,
    random: random.fork("kube"),
    userAgent: "keyweir",
    logger,
  });
  const generateKey = options.generateKey ?? (() => randomBytes(32));
  const installationKey = await untilAnswered(options, () =>
    loadInstallationKey(kube, settings.namespace, generateKey, logger),
  );
  const lastAliveMs = await untilAnswered(options, () => readLastAlive(kube, settings.namespace));

  const reflect = { client: kube, clock, logger };
  const classes = new Reflector<SecretProviderClass>({
    ...reflect,
    random: random.fork("classes"),
    resource: secretProviderClasses,
    onChange: (change) => controller.onProviderClass(change),
  });
  const syncs = new Reflector<SecretSync>({
    ...reflect,
    random: random.fork("syncs"),
    resource: secretSyncs,
    indexes: classIndex,
    onChange: (change) => controller.onSecretSync(change),
  });
  const queue = new WorkQueue({
    clock,
    random: random.fork("queue"),
    workers: settings.maxConcurrentSyncs,
    work: (key, workSignal) => controller.reconcile(key, workSignal),
    logger,
  });
  const metrics = createOperatorMetrics({
    tracked: () => controller.trackedCount,
    ready: () => controller.readyCount,
    queued: () => queue.readyCount,
  });
  const controller = new SecretSyncController({
    kube,
    provider: sharingMounts(options.provider, clock),
    tokens: new ServiceAccountTokens(kube, clock),
    clock,
    random: random.fork("controller"),
    settings,
    installationKey: createSecretKey(installationKey),
    pod: options.pod ?? { name: "keyweir", uid: "" },
    syncs: syncs.store,
    classes: classes.store,
    queue,
    logger,
    events: createEventRecorder({
      client: kube,
      clock,
      random: random.fork("events"),
      component: "keyweir",
      logger,
    }),
    metrics,
    lastAliveMs,
    ...(options.onAttempt === undefined ? {} : { onAttempt: options.onAttempt }),
  });

  // Classes first: a SecretSync that is seen before its class would report it as missing.
  const running = [classes.run(signal)];
  await classes.hasSynced;
  running.push(syncs.run(signal), queue.run(signal));
  await syncs.hasSynced;
  const isCaughtUp = () => queue.readyCount === 0;
  running.push(keepHeartbeat({ kube, clock, namespace: settings.namespace, logger, isCaughtUp }, signal));
  return {
    metricsText: () => metrics.text(),
    async stop() {
      stopping.abort();
      await Promise.allSettled(running);
    },
  };
}

const startStep = exponentialBackoff({ floorMs: 1_000, baseMs: 1_000, factor: 2, capMs: 30_000 });

/** An API server that is busy or away at the start is waited for; what waiting does not mend is thrown. */
async function untilAnswered<T>(
  { clock, random, logger }: OperatorOptions,
  call: () => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof KubeError) || !error.retryable) throw error;
      const [delayMs] = honourRetryAfter(startStep, error.retryAfterMs)(attempt, random);
      logger.warn("the API server cannot be read yet", {
        error: error.message,
        delayMs: Math.round(delayMs),
      });
      await sleep(clock, delayMs);
    }
  }
}
