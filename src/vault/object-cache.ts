import type { Clock } from "../core/clock.ts";

/** Values in memory, never on disk, the one unused longest goes first. */
export class ObjectCache<T> {
  readonly #clock: Clock;
  readonly #maxEntries: number;
  readonly #entries = new Map<
    string,
    { readonly value: T; readonly storedAtMs: number; readonly group: string }
  >();

  constructor(clock: Clock, maxEntries: number) {
    this.#clock = clock;
    this.#maxEntries = maxEntries;
  }

  /** The value stored under `key` less than `maxAgeMs` ago. */
  get(key: string, maxAgeMs: number): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#clock.monotonicMs() - entry.storedAtMs >= maxAgeMs) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** `group` is what {@link drop} takes. */
  set(key: string, group: string, value: T): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, storedAtMs: this.#clock.monotonicMs(), group });
    if (this.#entries.size <= this.#maxEntries) return;
    const oldest = this.#entries.keys().next();
    if (oldest.done === false) this.#entries.delete(oldest.value);
  }

  /** Forgets all of a group, for every identity; without an argument everything. */
  drop(group?: string): void {
    for (const [key, entry] of this.#entries) {
      if (group === undefined || entry.group === group) this.#entries.delete(key);
    }
  }
}
