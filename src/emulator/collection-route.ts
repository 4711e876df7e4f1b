import type { BackupSeal } from "./backup.ts";
import { newestOf, recoveryOf } from "./object-bundle.ts";
import type { DeletedObject, ObjectStore, StoredObject, StoredVersion } from "./object-store.ts";
import { nextLink, readPageRequest } from "./paging.ts";
import { readJsonObject, readRequiredString } from "./request-body.ts";
import { ServiceError, type ObjectKind } from "./service-error.ts";
import {
  plainCharge,
  type Exchange,
  type OperationResult,
  type OperationRoute,
  type VaultOperation,
} from "./vault-operation.ts";

/** What secrets, keys and certificates differ in where they are otherwise alike. */
export interface CollectionOptions<Version extends StoredVersion> {
  readonly kind: ObjectKind;
  /** The first segment of paths. */
  readonly collection: "secrets" | "keys" | "certificates";
  readonly store: ObjectStore<Version>;
  /** Stores whose objects of the same name are deleted, recovered and purged with the object. */
  readonly linkedStores?: readonly ObjectStore<StoredVersion>[];
  readonly seal: BackupSeal;
  /** Whether a page without items stands between any two pages of a list. */
  readonly emptyPages: boolean;
  /** The full answer about a version; never a secret's value. */
  readonly bundle: (baseUrl: string, name: string, version: Version) => Record<string, unknown>;
  /** The short answer in lists; `path` is the name, or name and version. */
  readonly item: (baseUrl: string, path: string, version: Version) => Record<string, unknown>;
  /** Whether a list of objects shows one with this newest version; every one when absent. */
  readonly isListed?: (version: Version, query: string) => boolean;
}

/**
 * The operations that every kind of object has: lists, delete, recover, purge, backup, restore. What `specific`
 * finds comes first.
 */
export function collectionRoute<Version extends StoredVersion>(
  options: CollectionOptions<Version>,
  specific: OperationRoute,
): OperationRoute {
  const live = liveOperations(options);
  const deleted = deletedOperations(options);
  const deletedCollection = `deleted${options.collection}`;
  return (method, segments) => {
    const count = segments.length;
    const third = segments[2]?.toLowerCase();
    if (segments[0] === deletedCollection) {
      if (count === 1) return method === "GET" ? deleted.list : undefined;
      if (count === 3) return method === "POST" && third === "recover" ? deleted.recover : undefined;
      if (count !== 2) return undefined;
      return method === "GET" ? deleted.get : method === "DELETE" ? deleted.purge : undefined;
    }
    const found = specific(method, segments);
    if (found !== undefined) return found;
    if (count === 1) return method === "GET" ? live.list : undefined;
    if (method === "DELETE") return count === 2 ? live.remove : undefined;
    if (method === "GET") return count === 3 && third === "versions" ? live.listVersions : undefined;
    if (method !== "POST") return undefined;
    if (count === 2) return segments[1]!.toLowerCase() === "restore" ? live.restore : undefined;
    return count === 3 && third === "backup" ? live.backup : undefined;
  };
}

/** Puts an operation on the object that the second segment of the path names. */
export function objectOperation(
  name: string,
  charge: VaultOperation["charge"],
  run: (exchange: Exchange, objectName: string) => OperationResult,
): VaultOperation {
  return { name, charge, run: (exchange) => run(exchange, exchange.segments[1] ?? "") };
}

/** A 200 with a JSON body. */
export function ok(body: unknown): OperationResult {
  return { status: 200, body };
}

/** What a backup holds: an object and, for a certificate, its key and its secret. */
type BackedUp<Version extends StoredVersion> = StoredObject<Version> & {
  readonly linked: readonly (StoredObject<StoredVersion> | null)[];
};

function liveOperations<Version extends StoredVersion>(options: CollectionOptions<Version>) {
  const { kind, store, seal, bundle, item, linkedStores = [], isListed = () => true } = options;
  return {
    list: objectOperation(`${kind}List`, plainCharge, ({ request, baseUrl }) =>
      listPage(options, request, (afterKey, limit) =>
        store.page(afterKey, limit).map((object) => ({
          key: object.name.toLowerCase(),
          item: isListed(newestOf(object), request.query)
            ? item(baseUrl, object.name, newestOf(object))
            : undefined,
        })),
      ),
    ),
    listVersions: objectOperation(`${kind}ListVersions`, plainCharge, ({ request, baseUrl }, name) => {
      const object = store.find(name);
      return listPage(options, request, (afterKey, limit) =>
        versionsAfter(object, afterKey, limit).map((version) => ({
          key: version.id,
          item: item(baseUrl, `${object!.name}/${version.id}`, version),
        })),
      );
    }),
    remove: objectOperation(`${kind}Delete`, plainCharge, ({ baseUrl }, name) => {
      assertOwn(kind, "delete", newestOf(store.get(name)));
      const object = store.delete(name);
      for (const linked of linkedStores) if (linked.find(name) !== undefined) linked.delete(name);
      return ok(deletedBundle(options, baseUrl, object));
    }),
    backup: objectOperation(`${kind}Backup`, plainCharge, (_exchange, name) => {
      assertOwn(kind, "backup", newestOf(store.get(name)));
      const linked = linkedStores.map((each) => each.find(name));
      return ok({ value: seal.seal(kind, { ...store.get(name), linked }) });
    }),
    restore: objectOperation(`${kind}Restore`, plainCharge, ({ request, baseUrl }) => {
      const value = readRequiredString(readJsonObject(request.body), "value");
      const { linked, ...object } = seal.open(kind, value) as BackedUp<Version>;
      store.restore(object);
      for (const [index, each] of linkedStores.entries()) {
        const content = linked[index];
        if (content) each.restore(content);
      }
      return ok(bundle(baseUrl, object.name, newestOf(object)));
    }),
  };
}

function deletedOperations<Version extends StoredVersion>(options: CollectionOptions<Version>) {
  const { kind, collection, store, bundle, item, linkedStores = [] } = options;
  return {
    list: objectOperation(`${kind}ListDeleted`, plainCharge, ({ request, baseUrl }) =>
      listPage(options, request, (afterKey, limit) =>
        store.deletedPage(afterKey, limit).map((object) => ({
          key: object.name.toLowerCase(),
          item: {
            ...recoveryOf(baseUrl, collection, object),
            ...item(baseUrl, object.name, newestOf(object)),
          },
        })),
      ),
    ),
    get: objectOperation(`${kind}GetDeleted`, plainCharge, ({ baseUrl }, name) =>
      ok(deletedBundle(options, baseUrl, store.deleted(name))),
    ),
    recover: objectOperation(`${kind}Recover`, plainCharge, ({ baseUrl }, name) => {
      assertOwn(kind, "recover", newestOf(store.deleted(name)));
      const object = store.recover(name);
      for (const linked of linkedStores) if (linked.isDeleted(name)) linked.recover(name);
      return ok(bundle(baseUrl, object.name, newestOf(object)));
    }),
    purge: objectOperation(`${kind}Purge`, plainCharge, (_exchange, name) => {
      assertOwn(kind, "purge", newestOf(store.deleted(name)));
      store.purge(name);
      for (const linked of linkedStores) if (linked.isDeleted(name)) linked.purge(name);
      return { status: 204 };
    }),
  };
}

/** The key and the secret of a certificate live and die with it. */
function assertOwn(kind: ObjectKind, operation: string, version: StoredVersion): void {
  if (version.managed !== true) return;
  throw new ServiceError(
    403,
    "Forbidden",
    `Operation ${operation} is not allowed on a ${kind.toLowerCase()} that belongs to a certificate. Use the certificate.`,
  );
}

function deletedBundle<Version extends StoredVersion>(
  { collection, bundle }: CollectionOptions<Version>,
  baseUrl: string,
  object: DeletedObject<Version>,
): Record<string, unknown> {
  return {
    ...recoveryOf(baseUrl, collection, object),
    ...bundle(baseUrl, object.name, newestOf(object)),
  };
}

function versionsAfter<Version extends StoredVersion>(
  object: StoredObject<Version> | undefined,
  afterId: string | undefined,
  limit: number,
): readonly Version[] {
  if (object === undefined) return [];
  const start = afterId === undefined ? 0 : object.versions.findIndex((each) => each.id === afterId) + 1;
  return object.versions.slice(start, start + limit);
}

/** One page of a list: asks for one item more than fits to learn whether another page follows. */
function listPage(
  { emptyPages }: { readonly emptyPages: boolean },
  request: Exchange["request"],
  read: (afterKey: string | undefined, limit: number) => { readonly key: string; readonly item: unknown }[],
): OperationResult {
  const page = readPageRequest(request.query);
  if (page.isEmpty) {
    return ok({ value: [], nextLink: nextLink(request, page, { afterKey: page.afterKey, isEmpty: false }) });
  }
  const found = read(page.afterKey, page.maxResults + 1);
  const shown = found.slice(0, page.maxResults);
  const next = { afterKey: shown.at(-1)?.key, isEmpty: emptyPages };
  return ok({
    value: shown.map((each) => each.item).filter((each) => each !== undefined),
    nextLink: found.length > shown.length ? nextLink(request, page, next) : null,
  });
}
