import type { Background } from "./background.ts";
import { type KubeObject, type OwnerReference } from "./object.ts";
import { foregroundFinalizer, type Operations, orphanFinalizer } from "./operations.ts";
import type { Registry } from "./registry.ts";
import { keyOf, type Change, type Entry, type Store } from "./store.ts";

interface Address {
  readonly storage: string;
  readonly namespace: string | undefined;
  readonly name: string;
}

/** Starts the collection of garbage, see {@link GarbageCollector}. */
export function collectGarbage(
  store: Store,
  registry: Registry,
  operations: Operations,
  background: Background,
): void {
  const collector = new GarbageCollector(store, registry, operations, background);
  store.onChange((change) => collector.observe(change));
}

/**
 * Deletes what lost all its owners, on the turn after the owner went or the orphan came. Owners count by uid, within
 * the dependent's namespace or cluster-wide; an owner of a kind that is not served here is taken to exist.
 */
class GarbageCollector {
  readonly #store: Store;
  readonly #registry: Registry;
  readonly #operations: Operations;
  readonly #background: Background;
  readonly #dependents = new Map<string, Map<string, Address>>();

  constructor(store: Store, registry: Registry, operations: Operations, background: Background) {
    this.#store = store;
    this.#registry = registry;
    this.#operations = operations;
    this.#background = background;
  }

  observe({ type, storage, entry, previous }: Change): void {
    const { metadata } = entry.object;
    const address = { storage, namespace: metadata.namespace, name: metadata.name };
    const owners = type === "DELETED" ? undefined : metadata.ownerReferences;
    const before = previous?.object.metadata.ownerReferences;
    if (before !== owners) {
      const key = `${storage} ${keyOf(address.namespace, address.name)}`;
      for (const owner of before ?? []) {
        const known = this.#dependents.get(owner.uid);
        if (known?.delete(key) === true && known.size === 0) this.#dependents.delete(owner.uid);
      }
      for (const owner of owners ?? []) {
        let known = this.#dependents.get(owner.uid);
        if (known === undefined) this.#dependents.set(owner.uid, (known = new Map()));
        known.set(key, address);
      }
      if (owners !== undefined) this.#background.schedule(() => this.#collect(address));
    }
    if (type === "DELETED") {
      for (const dependent of this.#dependents.get(metadata.uid)?.values() ?? []) {
        this.#background.schedule(() => this.#collect(dependent));
      }
      for (const owner of before ?? []) {
        this.#background.schedule(() => this.#finish(this.#ownerOf(owner, metadata.namespace), owner.uid));
      }
    } else if (metadata.deletionTimestamp !== undefined) {
      this.#background.schedule(() => this.#finish(address, metadata.uid));
    }
  }

  /** Deletes a dependent without living owners, or takes the dead ones off its list. */
  #collect(address: Address): void {
    const entry = this.#find(address);
    const owners = entry?.object.metadata.ownerReferences;
    if (entry === undefined || owners === undefined) return;
    const living = owners.filter((owner) => this.#isAlive(owner, address.namespace));
    if (living.length === owners.length) return;
    if (living.length > 0) this.#write(address, entry, { ownerReferences: living });
    else if (entry.object.metadata.deletionTimestamp === undefined) this.#delete(address, entry);
  }

  /** Goes on with a deletion that waits for its dependents. */
  #finish(address: Address | undefined, uid: string): void {
    const entry = address === undefined ? undefined : this.#find(address);
    if (address === undefined || entry === undefined) return;
    const { metadata } = entry.object;
    if (metadata.uid !== uid || metadata.deletionTimestamp === undefined) return;
    const finalizers = metadata.finalizers ?? [];
    const dependents = [...(this.#dependents.get(uid)?.values() ?? [])];
    if (finalizers.includes(orphanFinalizer)) {
      for (const dependent of dependents) {
        const found = this.#find(dependent);
        const owners = found?.object.metadata.ownerReferences?.filter((owner) => owner.uid !== uid);
        if (found !== undefined && owners !== undefined)
          this.#write(dependent, found, { ownerReferences: owners });
      }
    } else if (finalizers.includes(foregroundFinalizer)) {
      for (const dependent of dependents) {
        const found = this.#find(dependent);
        if (found !== undefined) this.#delete(dependent, found);
      }
      if (this.#dependents.has(uid)) return;
    } else return;
    const rest = finalizers.filter((item) => item !== orphanFinalizer && item !== foregroundFinalizer);
    const latest = this.#find(address);
    if (latest !== undefined) this.#write(address, latest, { finalizers: rest });
  }

  #isAlive(owner: OwnerReference, namespace: string | undefined): boolean {
    const address = this.#ownerOf(owner, namespace);
    if (address === undefined) return true;
    return this.#find(address)?.object.metadata.uid === owner.uid;
  }

  #ownerOf(owner: OwnerReference, namespace: string | undefined): Address | undefined {
    const resource = this.#registry.findKind(owner.apiVersion, owner.kind);
    if (resource === undefined) return undefined;
    return {
      storage: resource.storage,
      namespace: resource.isNamespaced ? namespace : undefined,
      name: owner.name,
    };
  }

  #find({ storage, namespace, name }: Address): Entry | undefined {
    return this.#store.get(storage, namespace, name);
  }

  #delete({ storage, namespace, name }: Address, entry: Entry): void {
    const resource = this.#registry.findStorage(storage);
    if (resource === undefined) return;
    const { uid } = entry.object.metadata;
    this.#operations.delete(
      { resource, namespace, name },
      { isDryRun: false, uid, propagation: "Background" },
    );
  }

  #write(
    { storage }: Address,
    entry: Entry,
    fields: { readonly ownerReferences?: readonly OwnerReference[]; readonly finalizers?: readonly string[] },
  ): void {
    const metadata: Record<string, unknown> = { ...entry.object.metadata, ...fields };
    for (const [name, list] of Object.entries(fields)) if (list.length === 0) delete metadata[name];
    const object = { ...entry.object, metadata } as KubeObject;
    const isFreed =
      object.metadata.deletionTimestamp !== undefined && object.metadata.finalizers === undefined;
    if (isFreed) this.#store.remove(storage, entry);
    else this.#store.put(storage, object, entry);
  }
}
