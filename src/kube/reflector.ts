/**
 * Keeps a {@link Store} equal to what the API server has of one kind: lists once, then watches, and goes on from where
 * it was whenever the stream ends. It never gives up and never crashes its process: each failure is counted, reported
 * and followed by a jittered wait. It is level-based: changes may be merged, and after a gap the present state counts.
 */
import { sleep, type Clock, type Timer } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import { silentLogger, type Logger } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import { decorrelatedBackoff, honourRetryAfter, type BackoffStep } from "../policy/backoff.ts";
import type { KubeClient } from "./client.ts";
import { errorOfStatus, isExpired, KubeError } from "./kube-error.ts";
import { objectKey, type KubeObject } from "./objects.ts";
import type { Resource } from "./resources.ts";
import { Store, type IndexFunctions, type ObjectLookup } from "./store.ts";
import type { KubeWatch } from "./transport.ts";

/** What became of an object. An object that was replaced by one of the same name is `deleted`, then `added`. */
export type ObjectChange<T extends KubeObject> =
  | { readonly kind: "added"; readonly object: T }
  | { readonly kind: "updated"; readonly object: T; readonly previous: T }
  | { readonly kind: "deleted"; readonly object: T };

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly resource: Resource<T>;
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly indexes?: IndexFunctions<T>;
  /** Called after the store has changed. What it throws is logged and changes nothing. */
  readonly onChange?: (change: ObjectChange<T>) => void;
  readonly logger?: Logger;
  /** Waits after failures. Default: decorrelated jitter from 0.8 to 30 s. The state is 0 after a healthy period. */
  readonly backoff?: BackoffStep<number>;
  /**
   * A watch is given up when the server does not answer it within this time, or neither ends it when its time is up
   * nor sends anything for this long after. Silence before that is normal: bookmarks only come with news. Default 30,000.
   */
  readonly idleTimeoutMs?: number;
}

/** Counters since the start. */
export interface ReflectorCounts {
  /** Complete lists, the first included. */
  readonly lists: number;
  /** Watches opened. */
  readonly watches: number;
  /** Objects that came over watches. */
  readonly events: number;
  /** Failed lists and broken watches. */
  readonly failures: number;
}

const pageSize = 500;
const defaultBackoff = decorrelatedBackoff({ floorMs: 800, baseMs: 1_600, factor: 3, capMs: 30_000 });
/** A watch that lived this long was healthy: after it the waits start small again. */
const healthyMs = 30_000;

/** A live copy of one kind, by {@link ReflectorOptions.namespace} and selectors. Call `run` once, read `store`. */
export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #logger: Logger;
  readonly #store: Store<T>;
  readonly #synced = Promise.withResolvers<void>();
  readonly #counts = { lists: 0, watches: 0, events: 0, failures: 0 };
  #resourceVersion: string | undefined;
  #lastError: Error | undefined;
  #isListedWhole = false;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#store = new Store(options.indexes);
  }

  get store(): ObjectLookup<T> {
    return this.#store;
  }

  get counts(): ReflectorCounts {
    return { ...this.#counts };
  }

  /** Why the last list or watch failed, until one succeeds. */
  get lastError(): Error | undefined {
    return this.#lastError;
  }

  /** Resolves after the first complete list, when the store and `onChange` have seen all of it. */
  get hasSynced(): Promise<void> {
    return this.#synced.promise;
  }

  /** Runs until `signal` aborts; then resolves. Call it once. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    const step = this.#options.backoff ?? defaultBackoff;
    let backoffState = 0;
    while (!signal.aborted) {
      const startMs = clock.monotonicMs();
      const end = await (this.#resourceVersion === undefined ? this.#list(signal) : this.#watch(signal));
      if (signal.aborted) return;
      if (end.kind === "listed") continue;

      const isHealthy = clock.monotonicMs() - startMs >= healthyMs;
      if (isHealthy) backoffState = 0;
      if (end.kind === "expired") this.#resourceVersion = undefined;
      if (end.kind === "broken") this.#report(end.error);
      else if (isHealthy) continue;

      const retryAfterMs = end.kind === "broken" ? end.error.retryAfterMs : undefined;
      const [delayMs, next] = honourRetryAfter(step, retryAfterMs)(backoffState, random);
      backoffState = next;
      await sleep(clock, delayMs, signal).catch(() => {});
    }
  }

  async #list(signal: AbortSignal): Promise<RoundEnd> {
    const seen = new Set<string>();
    let token: string | undefined;
    try {
      do {
        const page = await this.#options.client.list(
          this.#options.resource,
          { ...this.#scope(), ...this.#pageOf(token) },
          signal,
        );
        if (!Array.isArray(page.items) || typeof page.metadata?.resourceVersion !== "string") {
          throw malformed("the API server's answer is no list");
        }
        for (const object of page.items) {
          seen.add(objectKey(object));
          this.#put(object);
        }
        token = page.metadata.continue || undefined;
        this.#resourceVersion = page.metadata.resourceVersion;
      } while (token !== undefined);
    } catch (error) {
      this.#resourceVersion = undefined;
      // A list that outlives its snapshot is asked for in one piece the next time.
      if (isExpired(error)) this.#isListedWhole = true;
      return { kind: "broken", error: asKubeError(error) };
    }
    for (const key of this.#store.keys()) if (!seen.has(key)) this.#remove(key);
    this.#isListedWhole = false;
    this.#lastError = undefined;
    this.#counts.lists++;
    this.#synced.resolve();
    return { kind: "listed" };
  }

  async #watch(signal: AbortSignal): Promise<RoundEnd> {
    const { client, clock, random, resource } = this.#options;
    const timeoutSeconds = Math.floor(300 + random.next() * 300);
    using watchdog = new Watchdog(clock, this.#options.idleTimeoutMs ?? 30_000, signal);
    const options = {
      ...this.#scope(),
      resourceVersion: this.#resourceVersion!,
      allowWatchBookmarks: true,
      timeoutSeconds,
    };
    try {
      watchdog.allow(0);
      const watch = await client.watch(resource, options, watchdog.signal);
      if (watch.status !== 200) return endOf(await errorOfWatch(watch, resource.plural));
      this.#counts.watches++;
      this.#lastError = undefined;
      watchdog.allow(timeoutSeconds * 1000);
      for await (const line of watch.lines) {
        watchdog.feed();
        const error = this.#apply(line);
        if (error !== undefined) return endOf(error);
      }
      return { kind: "ended" };
    } catch (error) {
      return { kind: "broken", error: asKubeError(error) };
    }
  }

  /** Takes in one event of a watch. Returns why the watch cannot go on, if so. */
  #apply(line: string): KubeError | undefined {
    const event = parseEvent<T>(line);
    const resourceVersion = event?.object?.metadata?.resourceVersion;
    switch (event?.type) {
      case "ADDED":
      case "MODIFIED":
      case "DELETED":
      case "BOOKMARK":
        if (typeof resourceVersion === "string") break;
        return malformed(brokenEvent);
      case "ERROR":
        return errorOfStatus(500, event.object, this.#options.resource.plural);
      default:
        return malformed(brokenEvent);
    }
    this.#resourceVersion = resourceVersion;
    if (event.type === "BOOKMARK") return undefined;
    if (typeof event.object.metadata.name !== "string") return malformed(brokenEvent);
    this.#counts.events++;
    if (event.type === "DELETED") this.#remove(objectKey(event.object), event.object);
    else this.#put(event.object);
    return undefined;
  }

  #put(object: T): void {
    // Nobody reads them, and they are half of most objects.
    delete (object.metadata as { managedFields?: unknown }).managedFields;
    const stored = this.#store.get(objectKey(object));
    if (stored !== undefined && stored.metadata.uid !== object.metadata.uid) this.#remove(objectKey(object));
    const previous = this.#store.set(object);
    if (previous === undefined) this.#notify({ kind: "added", object });
    else if (previous.metadata.resourceVersion !== object.metadata.resourceVersion) {
      this.#notify({ kind: "updated", object, previous });
    }
  }

  #remove(key: string, lastState?: T): void {
    const stored = this.#store.delete(key);
    if (stored !== undefined) this.#notify({ kind: "deleted", object: lastState ?? stored });
  }

  #notify(change: ObjectChange<T>): void {
    try {
      this.#options.onChange?.(change);
    } catch (error) {
      const key = objectKey(change.object);
      this.#logger.error("a change was not taken in", { ...this.#about(), key, error: messageOf(error) });
    }
  }

  #report(error: KubeError): void {
    this.#counts.failures++;
    this.#lastError = error;
    const { code, message } = error;
    this.#logger.warn("the watch is interrupted", { ...this.#about(), code, error: message });
  }

  #about(): { resource: string } {
    return { resource: this.#options.resource.plural };
  }

  #scope() {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    return {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    };
  }

  #pageOf(token: string | undefined): { limit?: number; continue?: string } {
    if (this.#isListedWhole) return {};
    return token === undefined ? { limit: pageSize } : { limit: pageSize, continue: token };
  }
}

/** How one list or one watch ended. */
type RoundEnd =
  | { readonly kind: "listed" }
  | { readonly kind: "ended" }
  | { readonly kind: "expired" }
  | { readonly kind: "broken"; readonly error: KubeError };

interface WatchEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: T;
}

function parseEvent<T extends KubeObject>(line: string): WatchEvent<T> | undefined {
  try {
    return JSON.parse(line) as WatchEvent<T>;
  } catch {
    return undefined;
  }
}

const brokenEvent = "the watch broke off inside an event, or sent what is none";

function malformed(message: string): KubeError {
  return new KubeError(message, { code: "Malformed" });
}

async function errorOfWatch(watch: KubeWatch, target: string): Promise<KubeError> {
  const lines: string[] = [];
  for await (const line of watch.lines) lines.push(line);
  let body: unknown;
  try {
    body = JSON.parse(lines.join(""));
  } catch {
    body = undefined;
  }
  return errorOfStatus(watch.status, body, target, watch.retryAfterMs);
}

function endOf(error: KubeError): RoundEnd {
  return isExpired(error) ? { kind: "expired" } : { kind: "broken", error };
}

function asKubeError(thrown: unknown): KubeError {
  if (thrown instanceof KubeError) return thrown;
  return new KubeError(`the connection to the API server broke: ${messageOf(thrown)}`, {
    code: "Disconnected",
    cause: thrown,
  });
}

/** Aborts its signal when it is not fed in time, or with the outer signal. Being fed costs nothing. */
class Watchdog implements Disposable {
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #outer: AbortSignal;
  readonly #controller = new AbortController();
  readonly #onAbort: () => void;
  #timer: Timer | undefined;
  #isFed = false;

  constructor(clock: Clock, idleMs: number, outer: AbortSignal) {
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.#outer = outer;
    this.#onAbort = () => this.#controller.abort(outer.reason);
    if (outer.aborted) this.#onAbort();
    else outer.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Silence is right for `silenceMs`, and after that for the idle time between any two lines. */
  allow(silenceMs: number): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#clock.setTimer(silenceMs, () => this.#expectFood());
  }

  #expectFood(): void {
    this.#isFed = false;
    this.#timer = this.#clock.setTimer(this.#idleMs, () => {
      if (this.#isFed) this.#expectFood();
      else this.#controller.abort(new KubeError("the watch fell silent", { code: "TimedOut" }));
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  feed(): void {
    this.#isFed = true;
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#outer.removeEventListener("abort", this.#onAbort);
    // Whatever the watch still has open is closed.
    this.#controller.abort(new KubeError("the watch is over", { code: "Disconnected" }));
  }
}
