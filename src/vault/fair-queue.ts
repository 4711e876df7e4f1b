/**
 * A queue of many owners: first come, first served for each of them, and turn by turn among them, so that one with a
 * thousand entries delays the others' first one by one turn.
 */
export class FairQueue<T extends { readonly owner: string }> {
  readonly #byOwner = new Map<string, Set<T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Puts an entry behind its owner's others. */
  add(entry: T): void {
    const own = this.#byOwner.get(entry.owner);
    if (own === undefined) this.#byOwner.set(entry.owner, new Set([entry]));
    else own.add(entry);
    this.#size++;
  }

  /** Takes an entry out; its owner's next one has its turn after everybody else's. */
  delete(entry: T): void {
    const own = this.#byOwner.get(entry.owner);
    if (own?.delete(entry) !== true) return;
    this.#size--;
    this.#byOwner.delete(entry.owner);
    if (own.size > 0) this.#byOwner.set(entry.owner, own);
  }

  /** The entry whose turn it is among the owners for whom `mayEnter` holds. */
  first(mayEnter: (owner: string) => boolean): T | undefined {
    for (const [owner, own] of this.#byOwner) {
      if (mayEnter(owner)) return own.values().next().value;
    }
    return undefined;
  }

  /** All entries, owner by owner. */
  entries(): readonly T[] {
    return [...this.#byOwner.values()].flatMap((own) => [...own]);
  }
}
