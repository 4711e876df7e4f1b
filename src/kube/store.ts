import { objectKey, type KubeObject } from "./objects.ts";

/** The values under which an object is found, by name of the index. */
export type IndexFunctions<T> = Readonly<Record<string, (object: T) => readonly string[]>>;

/** The read side of a {@link Store}: what reconcilers see of a watched kind. Objects are never changed in place. */
export interface ObjectLookup<T extends KubeObject> {
  readonly size: number;
  /** By `namespace/name` ({@link objectKey}). */
  get(key: string): T | undefined;
  values(): IterableIterator<T>;
  /** The objects that the index function maps to `value`, in no promised order. */
  byIndex(index: string, value: string): readonly T[];
}

/** Objects of one kind by `namespace/name`, with indexes kept up to date. Look-ups cost no copy. */
export class Store<T extends KubeObject> implements ObjectLookup<T> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, Index<T>>();

  constructor(indexFunctions: IndexFunctions<T> = {}) {
    for (const [name, valuesOf] of Object.entries(indexFunctions)) {
      this.#indexes.set(name, { valuesOf, keys: new Map() });
    }
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  values(): IterableIterator<T> {
    return this.#objects.values();
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  byIndex(index: string, value: string): readonly T[] {
    const keys = this.#indexes.get(index)?.keys.get(value);
    return keys === undefined ? [] : Array.from(keys, (key) => this.#objects.get(key)!);
  }

  /** Returns the object that was there before. */
  set(object: T): T | undefined {
    const key = objectKey(object);
    const previous = this.#objects.get(key);
    this.#objects.set(key, object);
    for (const index of this.#indexes.values()) {
      if (previous !== undefined) removeFromIndex(index, key, previous);
      addToIndex(index, key, object);
    }
    return previous;
  }

  /** Returns the object that was there. */
  delete(key: string): T | undefined {
    const previous = this.#objects.get(key);
    if (previous === undefined) return undefined;
    this.#objects.delete(key);
    for (const index of this.#indexes.values()) removeFromIndex(index, key, previous);
    return previous;
  }
}

interface Index<T> {
  readonly valuesOf: (object: T) => readonly string[];
  readonly keys: Map<string, Set<string>>;
}

function addToIndex<T>(index: Index<T>, key: string, object: T): void {
  for (const value of index.valuesOf(object)) {
    const keys = index.keys.get(value);
    if (keys === undefined) index.keys.set(value, new Set([key]));
    else keys.add(key);
  }
}

function removeFromIndex<T>(index: Index<T>, key: string, object: T): void {
  for (const value of index.valuesOf(object)) {
    const keys = index.keys.get(value);
    if (keys === undefined) continue;
    keys.delete(key);
    if (keys.size === 0) index.keys.delete(value);
  }
}
