/**
 * Events for people who run `kubectl describe`. They are a courtesy: recording one never waits, never fails and is
 * never repeated after an error. The same event of the same object is one object with a count.
 */
import { sleep, type Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import { silentLogger, type Logger } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import { fullTokenBucket, reserveUnits, type TokenBucketState } from "../policy/token-bucket.ts";
import type { KubeClient } from "./client.ts";
import { isNotFound } from "./kube-error.ts";
import type { Event, ObjectReference } from "./objects.ts";
import { events } from "./resources.ts";
import { secondsTime } from "./timestamps.ts";

export interface EventRecorder {
  /** Returns at once; the event is written in the background. `message` is cut after 1,024 characters. */
  record(object: ObjectReference, event: RecordedEvent): void;
  /** Resolves when everything recorded so far is written or dropped. */
  settled(): Promise<void>;
  readonly counts: { readonly written: number; readonly dropped: number };
}

export interface RecordedEvent {
  readonly type: "Normal" | "Warning";
  /** One word in UpperCamelCase. */
  readonly reason: string;
  readonly message: string;
}

export interface EventRecorderOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  /** Who reports: `keyweir`. */
  readonly component: string;
  readonly logger?: Logger;
}

/** One object's events: 25 at once, then one in five minutes, as client-go's spam filter. */
const perObject = { capacityUnits: 25, refillPerSecond: 1 / 300 };
/** All events of this process: a courtesy must not take its share of the API server from the work itself. */
const allObjects = { capacityUnits: 50, refillPerSecond: 20 };
/** Objects and events that are remembered; the ones longest unused are forgotten first. */
const memoryLimit = 4096;
/** Distinct events that wait to be written; more are dropped. */
const pendingLimit = 1024;
const messageLimit = 1024;

/** An event as it was last written, so that a repetition becomes a patch of its count. */
interface Written {
  readonly name: string;
  count: number;
}

interface Pending {
  readonly key: string;
  readonly object: ObjectReference;
  readonly event: RecordedEvent;
  readonly firstMs: number;
  lastMs: number;
  count: number;
}

/** A recorder whose memory and queue are bounded; it needs no closing. */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, clock, random, component, logger = silentLogger } = options;
  const buckets = new RecentMap<TokenBucketState>(memoryLimit);
  const known = new RecentMap<Written>(memoryLimit);
  const pending = new Map<string, Pending>();
  const counts = { written: 0, dropped: 0 };
  let writing: Promise<void> | undefined;
  let pace = fullTokenBucket(allObjects, clock.monotonicMs());

  function record(object: ObjectReference, event: RecordedEvent): void {
    const nowMs = clock.monotonicMs();
    const objectId = object.uid ?? `${object.kind}/${object.namespace}/${object.name}`;
    const bucket = buckets.get(objectId) ?? fullTokenBucket(perObject, nowMs);
    const { waitMs, next } = reserveUnits(perObject, bucket, 1, nowMs);
    if (waitMs > 0) return void counts.dropped++;
    buckets.set(objectId, next);

    const key = `${objectId}/${event.type}/${event.reason}/${event.message}`;
    const waiting = pending.get(key);
    const wallMs = clock.wallMs();
    if (waiting !== undefined) {
      waiting.count++;
      waiting.lastMs = wallMs;
    } else if (pending.size >= pendingLimit) {
      counts.dropped++;
    } else {
      pending.set(key, { key, object, event, firstMs: wallMs, lastMs: wallMs, count: 1 });
      writing ??= writeAll();
    }
  }

  async function writeAll(): Promise<void> {
    // Not before what records an event has gone on.
    await Promise.resolve();
    for (const item of pending.values()) {
      const { waitMs, next } = reserveUnits(allObjects, pace, 1, clock.monotonicMs());
      pace = next;
      if (waitMs > 0) await sleep(clock, waitMs);
      pending.delete(item.key);
      try {
        await write(item);
        counts.written++;
      } catch (error) {
        counts.dropped++;
        logger.debug("an event was not written", { reason: item.event.reason, error: messageOf(error) });
      }
    }
    writing = undefined;
  }

  async function write(item: Pending): Promise<void> {
    const namespace = item.object.namespace ?? "default";
    const lastTimestamp = secondsTime(item.lastMs);
    const previous = known.get(item.key);
    if (previous !== undefined) {
      const count = previous.count + item.count;
      try {
        await client.mergePatch(events, { namespace, name: previous.name }, { count, lastTimestamp });
        previous.count = count;
        return;
      } catch (error) {
        // Events expire after an hour; then the next one starts a new count.
        if (!isNotFound(error)) throw error;
      }
    }
    const suffix = Math.floor(random.next() * 2 ** 32).toString(16);
    const name = `${item.object.name.slice(0, 220)}.${item.firstMs.toString(16)}${suffix.padStart(8, "0")}`;
    const event: Event = {
      metadata: { name, namespace },
      involvedObject: item.object,
      type: item.event.type,
      reason: item.event.reason,
      message: cut(item.event.message),
      count: item.count,
      firstTimestamp: secondsTime(item.firstMs),
      lastTimestamp,
      source: { component },
      reportingComponent: component,
    };
    await client.create(events, event);
    known.set(item.key, { name, count: item.count });
  }

  return {
    record,
    async settled() {
      await writing;
    },
    get counts() {
      return { ...counts };
    },
  };
}

function cut(message: string): string {
  return message.length <= messageLimit ? message : `${message.slice(0, messageLimit - 1)}…`;
}

/** A map that forgets what was set or read longest ago once it is full. */
class RecentMap<V> {
  readonly #limit: number;
  readonly #values = new Map<string, V>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string): V | undefined {
    const value = this.#values.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  set(key: string, value: V): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size > this.#limit) this.#values.delete(this.#values.keys().next().value!);
  }
}
