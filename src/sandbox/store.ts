import type { KubeObject } from "./object.ts";

/** A stored object with its serialised text, which lists and watches send as it is. */
export interface Entry {
  readonly object: KubeObject;
  /** The resourceVersion as a number. */
  readonly version: number;
  readonly text: string;
}

/** Throws a RangeError for an object that is nested too deeply to be written. */
export function entryOf(object: KubeObject, version: number): Entry {
  return { object, version, text: JSON.stringify(object) };
}

/** One write. `entry` is the new state, of a deletion the last state under the version of the deletion. */
export interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  /** `Resource.storage`. */
  readonly storage: string;
  readonly version: number;
  readonly entry: Entry;
  readonly previous: Entry | undefined;
}

interface Collection {
  readonly entries: Map<string, Entry>;
  /** Keys in the order of lists; absent after a key came or went. */
  sortedKeys: readonly string[] | undefined;
}

/** Where a key lives in its collection: `namespace/name`, with an empty namespace for cluster-wide kinds. */
export function keyOf(namespace: string | undefined, name: string): string {
  return `${namespace ?? ""}/${name}`;
}

/**
 * All objects under one global version that every write moves by one, with the newest writes kept as history for
 * watches and for the later pages of a list. Nothing here knows kinds, rules or HTTP.
 */
export class Store {
  readonly #collections = new Map<string, Collection>();
  readonly #historyLimit: number;
  readonly #listeners: ((change: Change) => void)[] = [];
  #history: Change[] = [];
  #historyStart = 0;
  #version = 1;
  #compactedVersion = 1;

  constructor(historyLimit: number) {
    this.#historyLimit = historyLimit;
  }

  get version(): number {
    return this.#version;
  }

  /** Watches from below this version have lost writes. */
  get compactedVersion(): number {
    return this.#compactedVersion;
  }

  /** Called within each write, in the order of writes. */
  onChange(listener: (change: Change) => void): void {
    this.#listeners.push(listener);
  }

  get(storage: string, namespace: string | undefined, name: string): Entry | undefined {
    return this.#collections.get(storage)?.entries.get(keyOf(namespace, name));
  }

  /** All objects of a collection, or of one namespace of it, in the order of lists. */
  list(storage: string, namespace?: string): [key: string, entry: Entry][] {
    const collection = this.#collections.get(storage);
    if (collection === undefined) return [];
    const keys = (collection.sortedKeys ??= [...collection.entries.keys()].sort());
    const prefix = namespace === undefined ? "" : `${namespace}/`;
    const found: [string, Entry][] = [];
    for (let index = firstAtLeast(keys, prefix); index < keys.length; index++) {
      const key = keys[index]!;
      if (!key.startsWith(prefix)) break;
      found.push([key, collection.entries.get(key)!]);
    }
    return found;
  }

  /** The list as it was at `version`, which must not be below {@link compactedVersion}. */
  listAt(version: number, storage: string, namespace?: string): [key: string, entry: Entry][] {
    const then = new Map(this.list(storage, namespace));
    for (let index = this.#history.length - 1; index >= this.#historyStart; index--) {
      const change = this.#history[index]!;
      if (change.version <= version) break;
      const { metadata } = change.entry.object;
      if (change.storage !== storage || (namespace !== undefined && metadata.namespace !== namespace))
        continue;
      const key = keyOf(metadata.namespace, metadata.name);
      if (change.previous === undefined) then.delete(key);
      else then.set(key, change.previous);
    }
    return [...then].sort(([left], [right]) => (left < right ? -1 : 1));
  }

  /** Writes of one collection after `version`, oldest first. */
  *changesSince(version: number, storage: string): Generator<Change> {
    const start = Math.max(this.#historyStart, this.#history.length - (this.#version - version));
    for (let index = start; index < this.#history.length; index++) {
      const change = this.#history[index]!;
      if (change.storage === storage && change.version > version) yield change;
    }
  }

  /** Stores `object` under the next version, which it gets as its resourceVersion. */
  put(storage: string, object: KubeObject, previous: Entry | undefined): Entry {
    const entry = this.#stamp(object);
    const collection = this.#collectionOf(storage);
    const key = keyOf(object.metadata.namespace, object.metadata.name);
    if (previous === undefined) collection.sortedKeys = undefined;
    collection.entries.set(key, entry);
    this.#record({
      type: previous === undefined ? "ADDED" : "MODIFIED",
      storage,
      version: entry.version,
      entry,
      previous,
    });
    return entry;
  }

  /** Removes an object; returns its last state (`last`, or as it was), under the version of the removal. */
  remove(storage: string, previous: Entry, last: KubeObject = previous.object): Entry {
    const entry = this.#stamp(last);
    const collection = this.#collectionOf(storage);
    const { metadata } = previous.object;
    collection.entries.delete(keyOf(metadata.namespace, metadata.name));
    collection.sortedKeys = undefined;
    this.#record({ type: "DELETED", storage, version: entry.version, entry, previous });
    return entry;
  }

  /** Forgets all history: what was seen before this moment is too old to go on from. */
  compact(): void {
    this.#history = [];
    this.#historyStart = 0;
    this.#compactedVersion = ++this.#version;
  }

  #stamp(object: KubeObject): Entry {
    const version = this.#version + 1;
    const metadata = { ...object.metadata, resourceVersion: String(version) };
    const entry = entryOf({ ...object, metadata }, version);
    this.#version = version;
    return entry;
  }

  #collectionOf(storage: string): Collection {
    let collection = this.#collections.get(storage);
    if (collection === undefined) {
      collection = { entries: new Map(), sortedKeys: undefined };
      this.#collections.set(storage, collection);
    }
    return collection;
  }

  #record(change: Change): void {
    this.#history.push(change);
    if (this.#history.length - this.#historyStart > this.#historyLimit) {
      this.#compactedVersion = this.#history[this.#historyStart++]!.version;
      if (this.#historyStart > this.#historyLimit) {
        this.#history = this.#history.slice(this.#historyStart);
        this.#historyStart = 0;
      }
    }
    for (const listener of this.#listeners) listener(change);
  }
}

function firstAtLeast(keys: readonly string[], prefix: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle]! < prefix) low = middle + 1;
    else high = middle;
  }
  return low;
}
