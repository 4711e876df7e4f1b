/**
 * The SecretSync controller: decides when each SecretSync is synchronised and writes down what came of it. It holds
 * nothing that a restart would miss: due times come from status, the poll grid and the Lease, values from the vault.
 * What one attempt does is in synchronise.ts.
 */
import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { Random } from "../../core/random.ts";
import type { EventRecorder } from "../../kube/events.ts";
import { isNotFound } from "../../kube/kube-error.ts";
import { objectKey, type ObjectReference } from "../../kube/objects.ts";
import type { ObjectChange } from "../../kube/reflector.ts";
import { apiVersionOf } from "../../kube/resources.ts";
import type { ObjectLookup } from "../../kube/store.ts";
import type { WorkQueue } from "../../kube/work-queue.ts";
import type { OperatorMetrics } from "../metrics.ts";
import { dueAfterFailure, dueAfterSuccess, dueWhenSeen } from "./due.ts";
import { outcomeOf } from "./failures.ts";
import type { Outcome } from "./outcome.ts";
import {
  secretSyncs,
  type SecretProviderClass,
  type SecretSync,
  type SecretSyncStatus,
} from "./secret-sync.ts";
import { statusAfter } from "./status.ts";
import { synchronise, type Lane, type SynchroniseDependencies } from "./synchronise.ts";

export interface ControllerDependencies extends SynchroniseDependencies {
  readonly syncs: ObjectLookup<SecretSync>;
  readonly classes: ObjectLookup<SecretProviderClass>;
  readonly queue: WorkQueue;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly events: EventRecorder;
  readonly metrics: OperatorMetrics;
  /** See DueInput. */
  readonly lastAliveMs: number | undefined;
  /** Told of every finished attempt, for live displays and tests. */
  readonly onAttempt?: (report: AttemptReport) => void;
}

/** What one attempt came to; no value. */
export interface AttemptReport {
  readonly secretSync: SecretSync;
  readonly status: SecretSyncStatus;
  readonly outcome: Outcome;
  readonly lane: Lane;
  readonly nextMs: number;
}

/** The index of SecretSyncs by the SecretProviderClass that they name, `namespace/class`. */
export const classIndex = {
  class: (secretSync: SecretSync): readonly string[] => [classKey(secretSync)],
} as const;

interface Tracked {
  readonly uid: string;
  /** The newest status that we know of; the cache may lag behind it. */
  status: SecretSyncStatus;
  lane: Lane;
  failures: number;
  unwrittenAttempts: number;
  statusWrittenMs: number;
  /** The last status could not be written: it is tried again before the next attempt is due. */
  isStatusPending: boolean;
  dueMs: number;
}

const statusRetryMs = 5_000;

/**
 * While an object keeps failing for one reason, its message and times are written no more often than this: an outage
 * must not become a flood of status writes.
 */
const failingStatusIntervalMs = 300_000;

const queuePriority: Readonly<Record<Lane, number>> = { new: 3, forced: 2, rotated: 1, routine: 0 };

/** Schedules SecretSyncs, runs their attempts from the work queue and keeps their status; see the top of this file. */
export class SecretSyncController {
  readonly #dependencies: ControllerDependencies;
  readonly #tracked = new Map<string, Tracked>();

  constructor(dependencies: ControllerDependencies) {
    this.#dependencies = dependencies;
  }

  /** How many SecretSyncs are Ready, by what was last written or seen. */
  get readyCount(): number {
    let count = 0;
    for (const { status } of this.#tracked.values()) if (isReady(status)) count++;
    return count;
  }

  get trackedCount(): number {
    return this.#tracked.size;
  }

  /** For the reflector of SecretSyncs. */
  onSecretSync(change: ObjectChange<SecretSync>): void {
    const key = objectKey(change.object);
    if (change.kind === "deleted") {
      // A queue entry that is left over finds nothing to do.
      this.#tracked.delete(key);
      return;
    }
    const { object } = change;
    const isOwnStatusWrite =
      change.kind === "updated" && change.previous.metadata.generation === object.metadata.generation;
    if (!isOwnStatusWrite) this.#see(key, object);
  }

  /** For the reflector of SecretProviderClasses: an edit concerns every SecretSync that names the class. */
  onProviderClass(change: ObjectChange<SecretProviderClass>): void {
    if (
      change.kind === "updated" &&
      change.previous.metadata.generation === change.object.metadata.generation
    ) {
      return;
    }
    for (const secretSync of this.#dependencies.syncs.byIndex("class", objectKey(change.object))) {
      this.#see(objectKey(secretSync), secretSync);
    }
  }

  /** The handler of the work queue: one attempt, its status, and the next due time. */
  async reconcile(key: string, signal: AbortSignal): Promise<void> {
    const { syncs, classes, clock, random, settings, metrics } = this.#dependencies;
    const secretSync = syncs.get(key);
    const tracked = this.#tracked.get(key);
    if (secretSync === undefined || tracked === undefined) return;
    if (secretSync.metadata.deletionTimestamp !== undefined) return;

    if (tracked.isStatusPending && clock.wallMs() < tracked.dueMs) {
      await this.#writeStatus(key, secretSync, tracked, signal);
      this.#schedule(key, tracked);
      return;
    }
    const providerClass = classes.get(classKey(secretSync));
    const lane = tracked.status.secret === undefined ? "new" : tracked.lane;
    tracked.lane = "routine";
    const startMs = clock.monotonicMs();
    const outcome = await this.#attempt(
      { secretSync, providerClass, previous: tracked.status, lane },
      signal,
    );
    if (signal.aborted) return;
    metrics.attempts.add({ reason: outcome.reason, lane });
    metrics.attemptSeconds.observe({ lane }, (clock.monotonicMs() - startMs) / 1000);

    const nowMs = clock.wallMs();
    tracked.failures = outcome.kind === "failed" ? tracked.failures + 1 : 0;
    const dueInput = { secretSync, settings, nowMs, status: tracked.status };
    const due =
      outcome.kind === "failed"
        ? dueAfterFailure(dueInput, outcome, tracked.failures, random)
        : dueAfterSuccess(dueInput, lane, random);
    const status = statusAfter({
      secretSync,
      previous: tracked.status,
      outcome,
      classSeen: providerClass && {
        uid: providerClass.metadata.uid ?? "",
        generation: providerClass.metadata.generation ?? 0,
      },
      nowMs,
      nextSyncMs: due.atMs,
    });
    await this.#publish(key, secretSync, tracked, status, outcome, signal);
    if (this.#tracked.get(key) !== tracked) return;
    tracked.dueMs = due.atMs;
    this.#schedule(key, tracked);
    this.#dependencies.onAttempt?.({ secretSync, status, outcome, lane, nextMs: due.atMs });
  }

  #see(key: string, secretSync: SecretSync): void {
    const { classes, settings, clock, random, lastAliveMs } = this.#dependencies;
    let tracked = this.#tracked.get(key);
    if (tracked === undefined || tracked.uid !== secretSync.metadata.uid) {
      tracked = {
        uid: secretSync.metadata.uid ?? "",
        status: secretSync.status ?? {},
        lane: "routine",
        failures: 0,
        unwrittenAttempts: 0,
        statusWrittenMs: clock.monotonicMs(),
        isStatusPending: false,
        dueMs: 0,
      };
      this.#tracked.set(key, tracked);
    }
    const due = dueWhenSeen(
      {
        secretSync,
        status: tracked.status,
        providerClass: classes.get(classKey(secretSync)),
        settings,
        nowMs: clock.wallMs(),
        lastAliveMs,
      },
      random,
    );
    tracked.lane = due.lane;
    tracked.dueMs = due.atMs;
    this.#schedule(key, tracked);
  }

  #schedule(key: string, tracked: Tracked): void {
    const dueInMs = Math.max(0, tracked.dueMs - this.#dependencies.clock.wallMs());
    const delayMs = tracked.isStatusPending ? Math.min(dueInMs, statusRetryMs) : dueInMs;
    this.#dependencies.queue.add(key, { delayMs, priority: queuePriority[tracked.lane] });
  }

  async #attempt(attempt: Parameters<typeof synchronise>[1], signal: AbortSignal): Promise<Outcome> {
    const { logger, random } = this.#dependencies;
    const { namespace, name } = attempt.secretSync.metadata;
    try {
      return await synchronise(this.#dependencies, attempt, signal);
    } catch (error) {
      const correlationId = Math.floor(random.next() * 2 ** 32)
        .toString(16)
        .padStart(8, "0");
      const outcome = outcomeOf(error, correlationId);
      if (!signal.aborted) {
        const fields = { namespace, name, reason: outcome.reason, correlationId };
        if (outcome.reason === "ControllerInternalError") {
          logger.error("defect in a synchronisation", { ...fields, error: messageOf(error) });
        } else {
          logger.warn("synchronisation failed", { ...fields, message: outcome.message });
        }
      }
      return outcome;
    }
  }

  /** Status is for people: it is written when it says something new, and now and then to show that work goes on. */
  async #publish(
    key: string,
    secretSync: SecretSync,
    tracked: Tracked,
    status: SecretSyncStatus,
    outcome: Outcome,
    signal: AbortSignal,
  ): Promise<void> {
    const { settings, clock, events } = this.#dependencies;
    const isNews = saysSomethingNew(tracked.status, status);
    tracked.status = status;
    const isLate =
      outcome.kind === "failed"
        ? clock.monotonicMs() - tracked.statusWrittenMs >= failingStatusIntervalMs
        : tracked.unwrittenAttempts + 1 >= settings.statusEveryPolls;
    if (isNews) {
      events.record(referenceOf(secretSync), {
        type: outcome.kind === "failed" ? "Warning" : "Normal",
        reason: outcome.reason,
        message: status.conditions?.find((condition) => condition.type === "Ready")?.message ?? "",
      });
    }
    if (isNews || isLate || tracked.isStatusPending)
      await this.#writeStatus(key, secretSync, tracked, signal);
    else tracked.unwrittenAttempts++;
  }

  async #writeStatus(
    key: string,
    secretSync: SecretSync,
    tracked: Tracked,
    signal: AbortSignal,
  ): Promise<void> {
    const { kube, logger, clock } = this.#dependencies;
    try {
      await kube.patchStatus(secretSyncs, secretSync.metadata, tracked.status, signal);
      tracked.isStatusPending = false;
      tracked.unwrittenAttempts = 0;
      tracked.statusWrittenMs = clock.monotonicMs();
    } catch (error) {
      // Gone: then there is nobody to tell.
      if (signal.aborted || isNotFound(error)) return;
      tracked.isStatusPending = true;
      logger.warn("status could not be written", { key, error: messageOf(error) });
    }
  }
}

/** Whether a reader would miss something if the status stayed as it was: times, and messages alone, are no news. */
function saysSomethingNew(before: SecretSyncStatus, after: SecretSyncStatus): boolean {
  const essence = (status: SecretSyncStatus) =>
    JSON.stringify([
      status.conditions?.map(({ type, status: value, reason }) => [type, value, reason]),
      status.observedGeneration,
      status.secretProviderClass,
      status.secret?.uid,
      status.secret?.keys,
      status.syncHash,
      status.objects?.map(({ targetKey, version, reason }) => [targetKey, version, reason]),
    ]);
  return essence(before) !== essence(after);
}

function isReady(status: SecretSyncStatus): boolean {
  return status.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") === true;
}

function classKey(secretSync: SecretSync): string {
  return `${secretSync.metadata.namespace}/${secretSync.spec.secretProviderClassName}`;
}

function referenceOf({ metadata: { name, namespace = "", uid = "" } }: SecretSync): ObjectReference {
  return { apiVersion: apiVersionOf(secretSyncs), kind: secretSyncs.kind, name, namespace, uid };
}
