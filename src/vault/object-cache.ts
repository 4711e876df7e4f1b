import type { Clock } from "../core/clock.ts";

export interface ObjectCacheLimits {
  readonly maxEntries: number;
  /** Of all values together, as `sizeOf` counts them. */
  readonly maxBytes: number;
}

/** Values in memory, never on disk. The one unused longest goes first. */
export class ObjectCache<T> {
  readonly #clock: Clock;
  readonly #limits: ObjectCacheLimits;
  readonly #sizeOf: (value: T) => number;
  readonly #entries = new Map<string, Entry<T>>();
  #bytes = 0;

  constructor(clock: Clock, limits: ObjectCacheLimits, sizeOf: (value: T) => number) {
    this.#clock = clock;
    this.#limits = limits;
    this.#sizeOf = sizeOf;
  }

  /** The value stored under `key` less than `maxAgeMs` ago. */
  get(key: string, maxAgeMs: number): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#clock.monotonicMs() - entry.storedAtMs >= maxAgeMs) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** Keeps a value; `group` is what {@link drop} takes. */
  set(key: string, group: string, value: T): void {
    this.#remove(key);
    const bytes = this.#sizeOf(value);
    this.#entries.set(key, { value, group, bytes, storedAtMs: this.#clock.monotonicMs() });
    this.#bytes += bytes;
    const { maxEntries, maxBytes } = this.#limits;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= maxEntries && this.#bytes <= maxBytes) return;
      this.#remove(oldest);
    }
  }

  /** Forgets all of a group, for every identity; without an argument everything. */
  drop(group?: string): void {
    for (const [key, entry] of this.#entries) {
      if (group === undefined || entry.group === group) this.#remove(key);
    }
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#bytes -= entry.bytes;
    this.#entries.delete(key);
  }
}

interface Entry<T> {
  readonly value: T;
  readonly group: string;
  readonly bytes: number;
  readonly storedAtMs: number;
}
