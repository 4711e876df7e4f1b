import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import { serviceLimit } from "../limits/service-limits.ts";
import type { BackupSeal } from "./backup.ts";
import { attributesOf, newestOf, recoveryOf } from "./object-bundle.ts";
import type { ObjectStore, StoredObject, StoredVersion } from "./object-store.ts";
import { nextLink, readPageRequest } from "./paging.ts";
import { hex32 } from "./random-id.ts";
import { assertObjectName, readAttributes, readJsonObject, readString, readTags } from "./request-body.ts";
import { badParameter, isDisabled } from "./service-error.ts";
import {
  createCharge,
  plainCharge,
  type Exchange,
  type OperationResult,
  type OperationRoute,
  type VaultOperation,
} from "./vault-operation.ts";

/** One version of a secret. */
export interface SecretVersion extends StoredVersion {
  readonly value: string;
  contentType?: string | undefined;
}

export interface SecretOperationsOptions {
  readonly store: ObjectStore<SecretVersion>;
  readonly clock: Clock;
  readonly random: Random;
  readonly seal: BackupSeal;
  /** Whether a page without items stands between any two pages of a list. */
  readonly emptyPages: boolean;
}

/** What a caller gives for a new version. */
export interface NewSecret {
  readonly value: string;
  readonly contentType?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly enabled?: boolean | undefined;
  readonly notBefore?: number | undefined;
  readonly expires?: number | undefined;
}

/** Adds a version to a secret, as set-secret does. */
export function addSecretVersion(
  { store, clock, random }: Pick<SecretOperationsOptions, "store" | "clock" | "random">,
  name: string,
  given: NewSecret,
): SecretVersion {
  const seconds = Math.floor(clock.wallMs() / 1000);
  const { enabled = true, ...rest } = given;
  const version = { ...rest, enabled, id: hex32(random), created: seconds, updated: seconds };
  store.add(name, version);
  return version;
}

/** The operations of secrets (REST API 7.0 to 2026-04-01) on one vault. */
export function secretRoute(options: SecretOperationsOptions): OperationRoute {
  const { store, clock, seal } = options;

  const set = operation("SecretSet", createCharge, (exchange, name) => {
    assertObjectName(name);
    const body = readJsonObject(exchange.request.body);
    const value = readString(body, "value");
    if (value === undefined) throw badParameter("Property value has invalid value: it is missing.");
    const limit = serviceLimit("secret-value-bytes");
    if (Buffer.byteLength(value) > limit) {
      throw badParameter(`Property value has invalid value: it is longer than ${limit} bytes.`);
    }
    const version = addSecretVersion(options, name, {
      value,
      contentType: readString(body, "contentType", serviceLimit("content-type-characters")),
      tags: readTags(body),
      ...readAttributes(body),
    });
    return ok({ value, ...bundle(exchange.baseUrl, store.get(name).name, version) });
  });

  const get = operation("SecretGet", plainCharge, (exchange, name) => {
    const version = store.version(name, exchange.segments[2]);
    if (!version.enabled) throw isDisabled("Secret", "get");
    return ok({ value: version.value, ...bundle(exchange.baseUrl, store.get(name).name, version) });
  });

  const update = operation("SecretUpdate", plainCharge, (exchange, name) => {
    const version = store.version(name, exchange.segments[2]);
    const body = readJsonObject(exchange.request.body);
    const contentType = readString(body, "contentType", serviceLimit("content-type-characters"));
    const tags = readTags(body);
    Object.assign(version, readAttributes(body), { updated: Math.floor(clock.wallMs() / 1000) });
    if (contentType !== undefined) version.contentType = contentType;
    if (tags !== undefined) version.tags = tags;
    return ok(bundle(exchange.baseUrl, store.get(name).name, version));
  });

  const list = operation("SecretList", plainCharge, (exchange) =>
    ok(
      listPage(options, exchange, (afterKey, limit) =>
        store.page(afterKey, limit).map((object) => ({
          key: object.name.toLowerCase(),
          item: listItem(exchange.baseUrl, object.name, newestOf(object)),
        })),
      ),
    ),
  );

  const listVersions = operation("SecretListVersions", plainCharge, (exchange, name) => {
    const object = store.find(name);
    return ok(
      listPage(options, exchange, (afterKey, limit) =>
        versionsAfter(object, afterKey, limit).map((version) => ({
          key: version.id,
          item: listItem(exchange.baseUrl, `${object!.name}/${version.id}`, version),
        })),
      ),
    );
  });

  const remove = operation("SecretDelete", plainCharge, (exchange, name) => {
    const deleted = store.delete(name);
    return ok({
      ...recoveryOf(exchange.baseUrl, "secrets", deleted),
      ...bundle(exchange.baseUrl, deleted.name, newestOf(deleted)),
    });
  });

  const getDeleted = operation("SecretGetDeleted", plainCharge, (exchange, name) => {
    const deleted = store.deleted(name);
    return ok({
      ...recoveryOf(exchange.baseUrl, "secrets", deleted),
      ...bundle(exchange.baseUrl, deleted.name, newestOf(deleted)),
    });
  });

  const listDeleted = operation("SecretListDeleted", plainCharge, (exchange) =>
    ok(
      listPage(options, exchange, (afterKey, limit) =>
        store.deletedPage(afterKey, limit).map((object) => ({
          key: object.name.toLowerCase(),
          item: {
            ...recoveryOf(exchange.baseUrl, "secrets", object),
            ...listItem(exchange.baseUrl, object.name, newestOf(object)),
          },
        })),
      ),
    ),
  );

  const recover = operation("SecretRecover", plainCharge, (exchange, name) => {
    const object = store.recover(name);
    return ok(bundle(exchange.baseUrl, object.name, newestOf(object)));
  });

  const purge = operation("SecretPurge", plainCharge, (_exchange, name) => {
    store.purge(name);
    return { status: 204 };
  });

  const backup = operation("SecretBackup", plainCharge, (_exchange, name) =>
    ok({ value: seal.seal("Secret", store.get(name)) }),
  );

  const restore = operation("SecretRestore", plainCharge, (exchange) => {
    const value = readString(readJsonObject(exchange.request.body), "value");
    if (value === undefined) throw badParameter("Property value has invalid value: it is missing.");
    const object = seal.open("Secret", value) as StoredObject<SecretVersion>;
    store.restore(object);
    return ok(bundle(exchange.baseUrl, object.name, newestOf(object)));
  });

  return (method, segments) => {
    const [collection, , third] = segments;
    const count = segments.length;
    if (collection === "deletedsecrets") {
      if (count === 1) return method === "GET" ? listDeleted : undefined;
      if (count === 3) return method === "POST" && third === "recover" ? recover : undefined;
      if (count !== 2) return undefined;
      return method === "GET" ? getDeleted : method === "DELETE" ? purge : undefined;
    }
    switch (method) {
      case "GET":
        if (count === 1) return list;
        if (count === 2) return get;
        if (count === 3) return third === "versions" ? listVersions : get;
        return undefined;
      case "PUT":
        return count === 2 ? set : undefined;
      case "PATCH":
        return count === 2 || count === 3 ? update : undefined;
      case "DELETE":
        return count === 2 ? remove : undefined;
      case "POST":
        if (count === 2 && segments[1] === "restore") return restore;
        return count === 3 && third === "backup" ? backup : undefined;
      default:
        return undefined;
    }
  };
}

function operation(
  name: string,
  charge: VaultOperation["charge"],
  run: (exchange: Exchange, objectName: string) => OperationResult,
): VaultOperation {
  return { name, charge, run: (exchange) => run(exchange, exchange.segments[1] ?? "") };
}

function ok(body: unknown): OperationResult {
  return { status: 200, body };
}

/** Everything about a version but its value. */
function bundle(baseUrl: string, name: string, version: SecretVersion): Record<string, unknown> {
  return listItem(baseUrl, `${name}/${version.id}`, version);
}

function listItem(baseUrl: string, path: string, version: SecretVersion): Record<string, unknown> {
  return {
    ...(version.contentType === undefined ? {} : { contentType: version.contentType }),
    id: `${baseUrl}/secrets/${path}`,
    attributes: attributesOf(version),
    ...(version.tags === undefined ? {} : { tags: version.tags }),
  };
}

function versionsAfter(
  object: StoredObject<SecretVersion> | undefined,
  afterId: string | undefined,
  limit: number,
): readonly SecretVersion[] {
  if (object === undefined) return [];
  const start = afterId === undefined ? 0 : object.versions.findIndex((each) => each.id === afterId) + 1;
  return object.versions.slice(start, start + limit);
}

/** One page of a list: asks for one item more than fits to learn whether another page follows. */
function listPage(
  { emptyPages }: SecretOperationsOptions,
  exchange: Exchange,
  read: (afterKey: string | undefined, limit: number) => { readonly key: string; readonly item: unknown }[],
): unknown {
  const page = readPageRequest(exchange.request.query);
  if (page.isEmpty) {
    return {
      value: [],
      nextLink: nextLink(exchange.request, page, { afterKey: page.afterKey, isEmpty: false }),
    };
  }
  const found = read(page.afterKey, page.maxResults + 1);
  const shown = found.slice(0, page.maxResults);
  const next = { afterKey: shown.at(-1)?.key, isEmpty: emptyPages };
  return {
    value: shown.map(({ item }) => item),
    nextLink: found.length > shown.length ? nextLink(exchange.request, page, next) : null,
  };
}
