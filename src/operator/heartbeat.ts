import { sleep, type Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { KubeClient } from "../kube/client.ts";
import { isAlreadyExists, isNotFound } from "../kube/kube-error.ts";
import { leases } from "../kube/resources.ts";

const leaseName = "keyweir-controller";
const intervalMs = 30_000;
/**
 * What was due shortly before the last heartbeat may have been under way when the process ended; it is done again.
 */
const marginMs = 60_000;

/**
 * Until when a controller of this installation is known to have kept up, in wall time; undefined when none ever ran.
 * One Lease tells for every SecretSync, so polls without change need not be written down one by one.
 */
export async function readLastAlive(kube: KubeClient, namespace: string): Promise<number | undefined> {
  try {
    const lease = await kube.get(leases, { namespace, name: leaseName });
    const renewedMs = Date.parse(lease.spec?.renewTime ?? "");
    return Number.isNaN(renewedMs) ? undefined : renewedMs - marginMs;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

export interface HeartbeatOptions {
  readonly kube: KubeClient;
  readonly clock: Clock;
  readonly namespace: string;
  readonly logger: Logger;
  /** False while work that is due still waits: then the Lease stays as it is. */
  readonly isCaughtUp: () => boolean;
}

/** Renews the Lease until `signal` aborts. A failure is logged and tried again: work goes on without it. */
export async function keepHeartbeat(options: HeartbeatOptions, signal: AbortSignal): Promise<void> {
  const { kube, clock, namespace, logger, isCaughtUp } = options;
  while (!signal.aborted) {
    try {
      if (isCaughtUp()) await beat(kube, clock, namespace, signal);
    } catch (error) {
      if (signal.aborted) return;
      logger.warn("heartbeat could not be written", { namespace, error: messageOf(error) });
    }
    await sleep(clock, intervalMs, signal).catch(() => {});
  }
}

async function beat(kube: KubeClient, clock: Clock, namespace: string, signal: AbortSignal): Promise<void> {
  // MicroTime: the API server insists on six digits.
  const spec = {
    holderIdentity: "keyweir",
    leaseDurationSeconds: intervalMs / 1000,
    renewTime: new Date(clock.wallMs()).toISOString().replace("Z", "000Z"),
  };
  const metadata = { namespace, name: leaseName };
  try {
    await kube.mergePatch(leases, metadata, { spec }, {}, signal);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await kube.create(leases, { metadata, spec }, {}, signal).catch((failure: unknown) => {
      if (!isAlreadyExists(failure)) throw failure;
    });
  }
}
