import type { Background } from "./background.ts";
import type { KubeObject } from "./object.ts";
import type { Operations } from "./operations.ts";
import type { Registry } from "./registry.ts";
import { definitionStorage, namespaceStorage } from "./resource.ts";
import type { Change, Store } from "./store.ts";

/** Empties namespaces and custom resource definitions that are being deleted, then removes them. */
export function emptyContainers(
  store: Store,
  registry: Registry,
  operations: Operations,
  background: Background,
): void {
  const lifecycle = new Lifecycle(store, registry, operations);
  store.onChange((change) => {
    const task = lifecycle.taskFor(change);
    if (task !== undefined) background.schedule(task);
  });
}

class Lifecycle {
  readonly #store: Store;
  readonly #registry: Registry;
  readonly #operations: Operations;

  constructor(store: Store, registry: Registry, operations: Operations) {
    this.#store = store;
    this.#registry = registry;
    this.#operations = operations;
  }

  taskFor({ type, storage, entry }: Change): (() => void) | undefined {
    const { metadata } = entry.object;
    const isContainer = storage === namespaceStorage || storage === definitionStorage;
    if (isContainer) {
      if (type === "DELETED" || metadata.deletionTimestamp === undefined) return undefined;
      return () => this.#empty(storage, metadata.name);
    }
    if (type !== "DELETED") return undefined;
    const { namespace } = metadata;
    const [group, plural] = storage.split("/") as [string, string];
    const parents: [string, string][] = [[definitionStorage, `${plural}.${group}`]];
    if (namespace !== undefined) parents.push([namespaceStorage, namespace]);
    const waiting = parents.filter(
      ([parent, name]) =>
        this.#store.get(parent, undefined, name)?.object.metadata.deletionTimestamp !== undefined,
    );
    if (waiting.length === 0) return undefined;
    return () => {
      for (const [parent, name] of waiting) this.#empty(parent, name);
    };
  }

  #empty(storage: string, name: string): void {
    const container = this.#store.get(storage, undefined, name);
    if (container?.object.metadata.deletionTimestamp === undefined) return;
    let remaining = 0;
    for (const [contentStorage, objects] of this.#contentOf(storage, container.object)) {
      const resource = this.#registry.findStorage(contentStorage);
      for (const { metadata } of objects) {
        if (resource === undefined) continue;
        const target = { resource, namespace: metadata.namespace, name: metadata.name };
        const { isDone } = this.#operations.delete(target, { isDryRun: false, propagation: "Background" });
        if (!isDone) remaining++;
      }
    }
    const latest = this.#store.get(storage, undefined, name);
    if (remaining > 0 || latest === undefined || latest.object.metadata.finalizers !== undefined) return;
    this.#store.remove(storage, latest);
  }

  *#contentOf(storage: string, container: KubeObject): Generator<[string, KubeObject[]]> {
    const { name } = container.metadata;
    const storages =
      storage === definitionStorage
        ? [name.slice(name.indexOf(".") + 1) + "/" + name.slice(0, name.indexOf("."))]
        : [
            ...new Set(
              this.#registry.all.filter((resource) => resource.isNamespaced).map((item) => item.storage),
            ),
          ];
    const namespace = storage === definitionStorage ? undefined : name;
    for (const item of storages) {
      yield [item, this.#store.list(item, namespace).map(([, entry]) => entry.object)];
    }
  }
}
