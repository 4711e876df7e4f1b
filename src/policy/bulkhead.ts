import { assert } from "../core/assert.ts";

export interface BulkheadLimits {
  /** In flight at once in all. */
  readonly total: number;
  /** In flight at once of one owner. */
  readonly perOwner: number;
}

/** Counts what is in flight, so that neither one server nor one owner takes more than its part of us. */
export class Bulkhead {
  readonly #limits: BulkheadLimits;
  readonly #byOwner = new Map<string, number>();
  #inFlight = 0;

  constructor(limits: BulkheadLimits) {
    assert(limits.total >= 1 && limits.perOwner >= 1, "a bulkhead lets at least one request pass");
    this.#limits = limits;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get isFull(): boolean {
    return this.#inFlight >= this.#limits.total;
  }

  hasRoomFor(owner: string): boolean {
    return !this.isFull && (this.#byOwner.get(owner) ?? 0) < this.#limits.perOwner;
  }

  /** Only when {@link hasRoomFor} holds; pairs with one {@link leave}. */
  enter(owner: string): void {
    assert(this.hasRoomFor(owner), "nobody enters a full bulkhead");
    this.#inFlight++;
    this.#byOwner.set(owner, (this.#byOwner.get(owner) ?? 0) + 1);
  }

  leave(owner: string): void {
    const count = this.#byOwner.get(owner);
    assert(count !== undefined, "nobody leaves a bulkhead that they did not enter");
    this.#inFlight--;
    if (count === 1) this.#byOwner.delete(owner);
    else this.#byOwner.set(owner, count - 1);
  }
}
