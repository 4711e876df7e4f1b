import type { Clock, Timer } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { Resource } from "./resource.ts";
import type { Selector } from "./selectors.ts";
import { expired, type StatusError } from "./status-error.ts";
import type { Change, Entry, Store } from "./store.ts";
import type { WatchSink } from "./wire.ts";

/** What one client wants to see. */
export interface WatchRequest {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly selector: Selector | undefined;
  /** Events after this version; absent: the present objects first, as ADDED. */
  readonly since: number | undefined;
  readonly hasBookmarks: boolean;
  /** The end of the present objects is marked by a bookmark with the annotation `k8s.io/initial-events-end`. */
  readonly marksInitialEnd: boolean;
  readonly timeoutMs: number | undefined;
  /** The object part of an event's line. */
  encode(entry: Entry): string;
}

interface Watcher {
  readonly request: WatchRequest;
  readonly sink: WatchSink;
  timer: Timer | undefined;
}

const bookmarkIntervalMs = 60_000;
/** The real server ends a watch without timeoutSeconds after 30 to 60 minutes. */
const defaultTimeoutMs = 1_800_000;
const initialChunkChars = 65_536;

/** All open watches. Each write is put into the sinks of its watchers before the write returns. */
export class WatchHub {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #watchers = new Map<string, Set<Watcher>>();
  #bookmarkTimer: Timer | undefined;
  #count = 0;

  constructor(store: Store, clock: Clock, random: Random) {
    this.#store = store;
    this.#clock = clock;
    this.#random = random;
    store.onChange((change) => this.#publish(change));
  }

  /** Number of open watches. */
  get count(): number {
    return this.#count;
  }

  /** Writes the present or missed events into `sink`, and each later one until the returned function is called. */
  open(request: WatchRequest, sink: WatchSink): () => void {
    const watcher: Watcher = { request, sink, timer: undefined };
    if (this.#sendPast(watcher)) this.#add(watcher);
    else sink.end();
    return () => this.#forget(watcher);
  }

  /** Watches from below this version are answered with HTTP 410 instead of an ERROR event. */
  refusesBefore = 0;

  expiredStatus(): StatusError {
    return expired("The resourceVersion for the provided watch is too old.");
  }

  /** Ends every watch of a collection, or all: as the server's side would, or as a broken connection. */
  drop(how: "end" | "reset", storage?: string): void {
    for (const [key, watchers] of this.#watchers) {
      if (storage !== undefined && key !== storage) continue;
      for (const watcher of watchers) {
        this.#forget(watcher);
        if (how === "end") watcher.sink.end();
        else watcher.sink.reset();
      }
    }
  }

  #sendPast(watcher: Watcher): boolean {
    const { request, sink } = watcher;
    const storage = request.resource.storage;
    if (request.since === undefined) {
      let chunk = "";
      for (const [, entry] of this.#store.list(storage, request.namespace)) {
        if (request.selector !== undefined && !request.selector(entry.object)) continue;
        chunk += lineOf("ADDED", request.encode(entry));
        if (chunk.length > initialChunkChars) {
          sink.write(chunk);
          chunk = "";
        }
      }
      if (request.marksInitialEnd) chunk += this.#bookmarkLine(request, true);
      if (chunk !== "") sink.write(chunk);
      return true;
    }
    if (request.since < this.#store.compactedVersion) {
      const error = expired(`too old resource version: ${request.since} (${this.#store.compactedVersion})`);
      sink.write(lineOf("ERROR", JSON.stringify(error.body)));
      return false;
    }
    for (const change of this.#store.changesSince(request.since, storage)) this.#send(watcher, change);
    return true;
  }

  #add(watcher: Watcher): void {
    const { storage } = watcher.request.resource;
    let watchers = this.#watchers.get(storage);
    if (watchers === undefined) this.#watchers.set(storage, (watchers = new Set()));
    watchers.add(watcher);
    this.#count++;
    const timeoutMs = watcher.request.timeoutMs ?? Math.round(defaultTimeoutMs * (1 + this.#random.next()));
    watcher.timer = this.#clock.setTimer(timeoutMs, () => {
      this.#forget(watcher);
      if (watcher.request.hasBookmarks) this.#sendBookmark(watcher);
      watcher.sink.end();
    });
    this.#bookmarkTimer ??= this.#clock.setTimer(bookmarkIntervalMs, () => this.#sendBookmarks());
  }

  #forget(watcher: Watcher): void {
    if (this.#watchers.get(watcher.request.resource.storage)?.delete(watcher) !== true) return;
    watcher.timer?.[Symbol.dispose]();
    if (--this.#count > 0) return;
    this.#bookmarkTimer?.[Symbol.dispose]();
    this.#bookmarkTimer = undefined;
  }

  #publish(change: Change): void {
    for (const watcher of this.#watchers.get(change.storage) ?? []) this.#send(watcher, change);
  }

  /** A selector turns a change of a selected object into its coming and going. */
  #send(watcher: Watcher, change: Change): void {
    const { request, sink } = watcher;
    const { entry, previous } = change;
    if (request.namespace !== undefined && entry.object.metadata.namespace !== request.namespace) return;
    let type = change.type;
    if (request.selector !== undefined) {
      const wasSelected = previous !== undefined && request.selector(previous.object);
      const isSelected = type !== "DELETED" && request.selector(entry.object);
      if (!wasSelected && !isSelected) return;
      type = wasSelected ? (isSelected ? "MODIFIED" : "DELETED") : "ADDED";
    }
    sink.write(lineOf(type, request.encode(entry)));
    if (sink.isBehind()) {
      this.#forget(watcher);
      sink.end();
    }
  }

  #sendBookmarks(): void {
    this.#bookmarkTimer = this.#clock.setTimer(bookmarkIntervalMs, () => this.#sendBookmarks());
    for (const watchers of this.#watchers.values()) {
      for (const watcher of watchers) if (watcher.request.hasBookmarks) this.#sendBookmark(watcher);
    }
  }

  #sendBookmark(watcher: Watcher): void {
    watcher.sink.write(this.#bookmarkLine(watcher.request, false));
  }

  #bookmarkLine({ resource }: WatchRequest, isInitialEnd: boolean): string {
    const object = {
      kind: resource.kind,
      apiVersion: resource.apiVersion,
      metadata: {
        resourceVersion: String(this.#store.version),
        creationTimestamp: null,
        ...(isInitialEnd ? { annotations: { "k8s.io/initial-events-end": "true" } } : {}),
      },
    };
    return lineOf("BOOKMARK", JSON.stringify(object));
  }
}

function lineOf(type: string, objectText: string): string {
  return `{"type":"${type}","object":${objectText}}\n`;
}
