import type { Resource } from "./resource.ts";

/** Every resource that is served, found by group, version and plural. */
export class Registry {
  readonly #byPath = new Map<string, Resource>();

  /** In the order in which they were added. */
  get all(): readonly Resource[] {
    return [...this.#byPath.values()];
  }

  find(group: string, version: string, plural: string): Resource | undefined {
    return this.#byPath.get(`${group}/${version}/${plural}`);
  }

  /** Whether a group is part of the API itself. */
  hasBuiltIn(group: string): boolean {
    return this.all.some((resource) => resource.group === group && !resource.isCustom);
  }

  findKind(apiVersion: string, kind: string): Resource | undefined {
    return this.all.find((resource) => resource.apiVersion === apiVersion && resource.kind === kind);
  }

  /** The served version in which a collection is kept, or any other. */
  findStorage(storage: string): Resource | undefined {
    const versions = this.all.filter((resource) => resource.storage === storage);
    return (
      versions.find(({ apiVersion, storageApiVersion }) => apiVersion === storageApiVersion) ?? versions[0]
    );
  }

  /** Adds the served versions of one collection in place of the ones that it had. */
  replace(storage: string, resources: readonly Resource[]): void {
    for (const [path, resource] of this.#byPath) if (resource.storage === storage) this.#byPath.delete(path);
    for (const resource of resources) {
      this.#byPath.set(`${resource.group}/${resource.version}/${resource.plural}`, resource);
    }
  }
}
