import type { Clock } from "../core/clock.ts";
import {
  deletedNotFound,
  isBeingDeleted,
  nameIsDeleted,
  notFound,
  type ObjectKind,
  ServiceError,
} from "./service-error.ts";

/** What every version of every kind of object has. Times are seconds since the epoch. */
export interface StoredVersion {
  readonly id: string;
  readonly created: number;
  updated: number;
  enabled: boolean;
  notBefore?: number | undefined;
  expires?: number | undefined;
  tags?: Readonly<Record<string, string>> | undefined;
  /** It is the key or the secret of a certificate. */
  readonly managed?: boolean;
}

/** A name with its versions, oldest first; there is at least one. */
export interface StoredObject<Version extends StoredVersion> {
  /** As it was first written; names are found without regard to case. */
  readonly name: string;
  readonly versions: Version[];
}

/** A soft-deleted object. Dates are seconds since the epoch. */
export interface DeletedObject<Version extends StoredVersion> extends StoredObject<Version> {
  readonly deletedDate: number;
  readonly scheduledPurgeDate: number;
}

export interface ObjectStoreOptions {
  readonly kind: ObjectKind;
  readonly clock: Clock;
  /** How long a delete, recover or purge goes on after it was answered. */
  readonly deleteLatencyMs: number;
  readonly retentionDays: number;
}

interface Entry<Version extends StoredVersion> {
  readonly object: StoredObject<Version>;
  /** Until then a recovered object answers 404. */
  visibleAtMs: number;
}

interface DeletedEntry<Version extends StoredVersion> {
  readonly object: DeletedObject<Version>;
  /** Until then a deleted object is neither here nor there. */
  visibleAtMs: number;
}

/** The objects of one kind in one vault, live and soft-deleted. Throws {@link ServiceError} as the service answers. */
export class ObjectStore<Version extends StoredVersion> {
  readonly #options: ObjectStoreOptions;
  readonly #live = new Map<string, Entry<Version>>();
  readonly #deleted = new Map<string, DeletedEntry<Version>>();
  readonly #purgedUntilMs = new Map<string, number>();
  #sortedLive: readonly string[] | undefined;
  #sortedDeleted: readonly string[] | undefined;

  constructor(options: ObjectStoreOptions) {
    this.#options = options;
  }

  /** Adds the newest version, making the object when the name is free. Returns the object. */
  add(name: string, version: Version): StoredObject<Version> {
    this.assertFree(name);
    const key = name.toLowerCase();
    const entry = this.#live.get(key);
    if (entry !== undefined) {
      entry.object.versions.push(version);
      return entry.object;
    }
    const object = { name, versions: [version] };
    this.#insert(key, object, 0);
    return object;
  }

  /** Throws 409 while a deleted object holds the name. */
  assertFree(name: string): void {
    const key = name.toLowerCase();
    const deleted = this.#deleted.get(key);
    const purgedUntilMs = this.#purgedUntilMs.get(key) ?? 0;
    if (deleted === undefined && purgedUntilMs <= this.#nowMs()) return;
    const { kind } = this.#options;
    if (deleted !== undefined && deleted.visibleAtMs <= this.#nowMs()) throw nameIsDeleted(kind, name);
    throw isBeingDeleted(kind, name);
  }

  /** The live object or nothing. */
  find(name: string): StoredObject<Version> | undefined {
    const entry = this.#live.get(name.toLowerCase());
    return entry === undefined || entry.visibleAtMs > this.#nowMs() ? undefined : entry.object;
  }

  /** The live object, or 404. */
  get(name: string): StoredObject<Version> {
    const object = this.find(name);
    if (object === undefined) throw notFound(this.#options.kind, name);
    return object;
  }

  /** One version, the newest without `id`, or 404. */
  version(name: string, id: string | undefined): Version {
    const { versions } = this.get(name);
    if (id === undefined) return versions[versions.length - 1]!;
    const wanted = id.toLowerCase();
    const version = versions.findLast((each) => each.id === wanted);
    if (version === undefined) throw notFound(this.#options.kind, name, id);
    return version;
  }

  /** Up to `limit` objects whose lower-case names come after `afterKey` in order. */
  page(afterKey: string | undefined, limit: number): StoredObject<Version>[] {
    this.#sortedLive ??= [...this.#live.keys()].sort();
    const nowMs = this.#nowMs();
    return pageOf(this.#sortedLive, afterKey, limit, (key) => {
      const entry = this.#live.get(key)!;
      return entry.visibleAtMs > nowMs ? undefined : entry.object;
    });
  }

  /** As {@link page}, of the deleted objects. */
  deletedPage(afterKey: string | undefined, limit: number): DeletedObject<Version>[] {
    this.#sortedDeleted ??= [...this.#deleted.keys()].sort();
    return pageOf(this.#sortedDeleted, afterKey, limit, (key) => this.#findDeleted(key)?.object);
  }

  /** Moves an object to the deleted ones. */
  delete(name: string): DeletedObject<Version> {
    const object = this.get(name);
    const key = name.toLowerCase();
    const deletedDate = Math.floor(this.#nowMs() / 1000);
    const deleted = {
      ...object,
      deletedDate,
      scheduledPurgeDate: deletedDate + this.#options.retentionDays * 86_400,
    };
    this.#live.delete(key);
    this.#deleted.set(key, { object: deleted, visibleAtMs: this.#settledAtMs() });
    this.#sortedLive = this.#sortedDeleted = undefined;
    return deleted;
  }

  /** A deleted object, or 404. */
  deleted(name: string): DeletedObject<Version> {
    const entry = this.#findDeleted(name.toLowerCase());
    if (entry === undefined) throw deletedNotFound(this.#options.kind, name);
    return entry.object;
  }

  /** Whether a soft-deleted object has the name. */
  isDeleted(name: string): boolean {
    return this.#deleted.has(name.toLowerCase());
  }

  /** Brings a deleted object back. */
  recover(name: string): StoredObject<Version> {
    const deleted = this.#takeDeleted(name);
    const object = { name: deleted.name, versions: deleted.versions };
    this.#insert(name.toLowerCase(), object, this.#settledAtMs());
    return object;
  }

  /** Removes a deleted object for good. */
  purge(name: string): void {
    this.#takeDeleted(name);
    if (this.#options.deleteLatencyMs > 0) this.#purgedUntilMs.set(name.toLowerCase(), this.#settledAtMs());
  }

  /** Brings back an object from a backup; 409 when the name is taken. */
  restore(object: StoredObject<Version>): void {
    this.assertFree(object.name);
    const key = object.name.toLowerCase();
    if (this.#live.has(key)) {
      const { kind } = this.#options;
      throw new ServiceError(409, "Conflict", `${kind} ${object.name} already exists in this key vault.`);
    }
    this.#insert(key, object, 0);
  }

  #takeDeleted(name: string): DeletedObject<Version> {
    const key = name.toLowerCase();
    const entry = this.#deleted.get(key);
    if (entry === undefined) throw deletedNotFound(this.#options.kind, name);
    if (entry.visibleAtMs > this.#nowMs()) throw isBeingDeleted(this.#options.kind, name);
    this.#deleted.delete(key);
    this.#sortedDeleted = undefined;
    return entry.object;
  }

  #findDeleted(key: string): DeletedEntry<Version> | undefined {
    const entry = this.#deleted.get(key);
    return entry === undefined || entry.visibleAtMs > this.#nowMs() ? undefined : entry;
  }

  #insert(key: string, object: StoredObject<Version>, visibleAtMs: number): void {
    this.#live.set(key, { object, visibleAtMs });
    this.#purgedUntilMs.delete(key);
    this.#sortedLive = undefined;
  }

  #settledAtMs(): number {
    return this.#nowMs() + this.#options.deleteLatencyMs;
  }

  #nowMs(): number {
    return this.#options.clock.wallMs();
  }
}

function pageOf<T>(
  sortedKeys: readonly string[],
  afterKey: string | undefined,
  limit: number,
  find: (key: string) => T | undefined,
): T[] {
  const page: T[] = [];
  for (
    let index = indexAfter(sortedKeys, afterKey);
    index < sortedKeys.length && page.length < limit;
    index++
  ) {
    const found = find(sortedKeys[index]!);
    if (found !== undefined) page.push(found);
  }
  return page;
}

function indexAfter(sortedKeys: readonly string[], key: string | undefined): number {
  if (key === undefined) return 0;
  let low = 0;
  let high = sortedKeys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sortedKeys[middle]! <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}
