import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import { recordManager, type Writer } from "./managed-fields.ts";
import {
  clientMetadata,
  formatTime,
  generateName,
  generateUid,
  isSameState,
  readMetadata,
  validateMetadata,
} from "./metadata.ts";
import {
  getOwn,
  isEqual,
  isJsonObject,
  type Json,
  type JsonObject,
  type KubeObject,
  type ObjectMeta,
} from "./object.ts";
import { definitionStorage, hasStatus, namespaceStorage, type Resource } from "./resource.ts";
import { admit, type AdmitOptions } from "./admit.ts";
import {
  alreadyExists,
  badRequest,
  conflict,
  forbidden,
  invalid,
  modifiedText,
  notFound,
  StatusError,
} from "./status-error.ts";
import { entryOf, type Entry, type Store } from "./store.ts";
import type { Registry } from "./registry.ts";

const lastingNamespaces = new Set(["default", "kube-public", "kube-system"]);

/** One object by its address. */
export interface Target {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string;
}

/** How a create, update or patch is to be done. */
export interface WriteOptions extends AdmitOptions {
  readonly writer: Writer;
  readonly isDryRun: boolean;
}

/** How a deletion is to be done, and of what alone: another uid or resourceVersion is a 409. */
export interface DeleteOptions {
  readonly isDryRun: boolean;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagation: "Background" | "Foreground" | "Orphan";
}

/** A deletion is done, or waits for finalizers. */
export interface Deletion {
  readonly isDone: boolean;
  readonly entry: Entry;
}

/** Waits until the dependents have forgotten their owner. */
export const orphanFinalizer = "orphan";
/** Waits until the dependents are gone. */
export const foregroundFinalizer = "foregroundDeletion";

/**
 * Reads and writes of objects with the rules that hold for all kinds: names, versions, immutable metadata, generation,
 * status isolation, finalizers. Throws {@link StatusError}; a refused write changes nothing.
 */
export class Operations {
  readonly #store: Store;
  readonly #registry: Registry;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(store: Store, registry: Registry, clock: Clock, random: Random) {
    this.#store = store;
    this.#registry = registry;
    this.#clock = clock;
    this.#random = random;
  }

  get({ resource, namespace, name }: Target): Entry {
    const entry = this.#store.get(resource.storage, namespace, name);
    if (entry === undefined) throw notFound(resource, name);
    return entry;
  }

  create({ resource, namespace }: Omit<Target, "name">, body: JsonObject, options: WriteOptions): Entry {
    const { status: _status, ...withoutStatus } = body;
    const isolated = hasStatus(resource) ? withoutStatus : body;
    const given = readMetadata(body);
    const prepared = resource.prepare?.(isolated, undefined, formatTime(this.#clock.wallMs())) ?? isolated;
    const input = readMetadata(prepared);
    const generated = textOf(input, "generateName");
    const name = textOf(input, "name") || (generated === "" ? "" : generateName(generated, this.#random));
    this.#checkNamespace(resource, namespace, input);
    if (textOf(given, "resourceVersion") !== "") {
      throw new StatusError(500, "", "resourceVersion should not be set on objects to be created");
    }
    const metadata: ObjectMeta = {
      name,
      ...(generated === "" ? {} : { generateName: generated }),
      ...(namespace === undefined ? {} : { namespace }),
      uid: generateUid(this.#random),
      ...(resource.hasGeneration ? { generation: 1 } : {}),
      creationTimestamp: formatTime(this.#clock.wallMs()),
      ...clientMetadata(input),
    };
    const object = this.#admit(resource, prepared, metadata, undefined, options);
    if (this.#store.get(resource.storage, namespace, name) !== undefined) throw alreadyExists(resource, name);
    const final = this.#sign(object, undefined, resource, { ...options.writer, subresource: undefined });
    if (options.isDryRun) return entryOf(final, this.#store.version);
    return this.#store.put(resource.storage, final, undefined);
  }

  /** Replaces an object (PUT), or its status alone. */
  update(target: Target, body: JsonObject, options: WriteOptions): Entry {
    const current = this.get(target);
    const { resource, name } = target;
    const metadata = readMetadata(body);
    const uid = textOf(metadata, "uid");
    if (uid !== "" && uid !== current.object.metadata.uid) {
      const because = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.object.metadata.uid}`;
      throw conflict(resource, name, because);
    }
    if (textOf(metadata, "resourceVersion") === "" && resource.needsVersionForUpdate) {
      throw invalid({ group: resource.group, kind: resource.plural }, name, [
        {
          reason: "FieldValueInvalid",
          field: "metadata.resourceVersion",
          detail: "Invalid value: 0: must be specified for an update",
        },
      ]);
    }
    return this.#replace(target, current, body, options);
  }

  /** Applies `change` to the object as this version of the resource serves it. */
  patch(target: Target, change: (current: JsonObject) => Json, options: WriteOptions): Entry {
    const current = this.get(target);
    const { resource } = target;
    const served =
      current.object.apiVersion === resource.apiVersion
        ? current.object
        : { ...current.object, apiVersion: resource.apiVersion };
    const body = change(served);
    if (!isJsonObject(body)) throw badRequest("the patch does not leave an object");
    return this.#replace(target, current, body, options);
  }

  delete(target: Target, options: DeleteOptions): Deletion {
    const { resource, name } = target;
    const current = this.get(target);
    const { metadata } = current.object;
    if (options.uid !== undefined && options.uid !== metadata.uid) {
      const because = `the UID in the precondition (${options.uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`;
      throw conflict(resource, name, because, resource.kind);
    }
    if (options.resourceVersion !== undefined && options.resourceVersion !== metadata.resourceVersion) {
      const because = `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`;
      throw conflict(resource, name, because, resource.kind);
    }
    if (resource.storage === namespaceStorage && lastingNamespaces.has(name)) {
      throw forbidden(resource, name, "this namespace may not be deleted");
    }
    const finalizers = new Set(metadata.finalizers);
    if (options.propagation === "Orphan") finalizers.add(orphanFinalizer);
    if (options.propagation === "Foreground") finalizers.add(foregroundFinalizer);
    if (finalizers.size === 0 && !hasContent(resource)) {
      return {
        isDone: true,
        entry: options.isDryRun ? current : this.#store.remove(resource.storage, current),
      };
    }
    if (metadata.deletionTimestamp !== undefined) return { isDone: false, entry: current };
    const { managedFields, ...rest } = metadata;
    const marked: KubeObject = {
      ...current.object,
      metadata: {
        ...rest,
        ...(metadata.generation === undefined ? {} : { generation: metadata.generation + 1 }),
        deletionTimestamp: formatTime(this.#clock.wallMs()),
        deletionGracePeriodSeconds: 0,
        ...(finalizers.size === 0 ? {} : { finalizers: [...finalizers] }),
        ...(managedFields === undefined ? {} : { managedFields }),
      },
      ...(resource.storage === namespaceStorage ? { status: { phase: "Terminating" } } : {}),
    };
    if (options.isDryRun) return { isDone: false, entry: entryOf(marked, current.version) };
    return { isDone: false, entry: this.#store.put(resource.storage, marked, current) };
  }

  #replace(target: Target, current: Entry, body: JsonObject, options: WriteOptions): Entry {
    const { resource, name } = target;
    const input = readMetadata(body);
    const old = current.object;
    const givenName = textOf(input, "name");
    if (givenName !== name) {
      if (givenName === "") throw nameRequired(resource);
      throw badRequest(`the name of the object (${givenName}) does not match the name on the URL (${name})`);
    }
    checkNamespaceText(target.namespace, input);
    const version = textOf(input, "resourceVersion");
    if (version !== "" && version !== old.metadata.resourceVersion)
      throw conflict(resource, name, modifiedText);
    const isStatus = options.writer.subresource === "status";
    const content = isStatus
      ? statusOf(withVersion(old, body), body)
      : hasStatus(resource)
        ? statusOf(body, old)
        : body;
    const prepared = resource.prepare?.(content, old, formatTime(this.#clock.wallMs())) ?? content;
    const metadata = isStatus ? old.metadata : changedMetadata(readMetadata(prepared), old.metadata);
    const admitted = this.#admit(resource, prepared, metadata, old, options);
    if (isSameState(admitted, old)) return current;
    const bumped = bumpGeneration(resource, admitted, old);
    const final = this.#sign(bumped, old, resource, options.writer);
    if (options.isDryRun) return entryOf(withResourceVersion(final, current), current.version);
    const isFreed = final.metadata.deletionTimestamp !== undefined && final.metadata.finalizers === undefined;
    if (isFreed && !hasContent(resource)) {
      return this.#store.remove(resource.storage, current, final);
    }
    return this.#store.put(resource.storage, final, current);
  }

  #admit(
    resource: Resource,
    body: JsonObject,
    metadata: ObjectMeta,
    old: KubeObject | undefined,
    options: WriteOptions,
  ): KubeObject {
    const { object, errors } = admit(resource, body, metadata, old, options);
    const all = [...validateMetadata(resource, metadata, old?.metadata), ...errors];
    if (all.length > 0) throw invalid(resource, metadata.name, all);
    return object;
  }

  #sign(object: KubeObject, old: KubeObject | undefined, resource: Resource, writer: Writer): KubeObject {
    const entries = recordManager(old, object, resource, writer, formatTime(this.#clock.wallMs()));
    if (entries.length === 0) return object;
    return { ...object, metadata: { ...object.metadata, managedFields: entries } };
  }

  #checkNamespace(resource: Resource, namespace: string | undefined, metadata: JsonObject): void {
    checkNamespaceText(namespace, metadata);
    if (namespace === undefined) return;
    const found = this.#store.get(namespaceStorage, undefined, namespace);
    const namespaces = this.#registry.find("", "v1", "namespaces")!;
    if (found === undefined) throw notFound(namespaces, namespace);
    if (found.object.metadata.deletionTimestamp !== undefined) {
      const because = `unable to create new content in namespace ${namespace} because it is being terminated`;
      throw forbidden(resource, textOf(metadata, "name"), because, [
        {
          reason: "NamespaceTerminating",
          message: `namespace ${namespace} is being terminated`,
          field: "metadata.namespace",
        },
      ]);
    }
  }
}

function withResourceVersion(object: KubeObject, { version }: Entry): KubeObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
}

function textOf(metadata: JsonObject, field: string): string {
  const value = metadata[field];
  return typeof value === "string" ? value : "";
}

function checkNamespaceText(namespace: string | undefined, metadata: JsonObject): void {
  const given = textOf(metadata, "namespace");
  if (given !== "" && given !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
}

/** The stored object under the version that the client used. */
function withVersion(old: KubeObject, { apiVersion, kind }: JsonObject): JsonObject {
  return { ...old, apiVersion, kind };
}

function nameRequired(resource: Resource): StatusError {
  return invalid(resource, "", [
    { reason: "FieldValueRequired", field: "metadata.name", detail: "Required value: name is required" },
  ]);
}

/** Namespaces and definitions go only after what is in them. */
function hasContent(resource: Resource): boolean {
  return resource.storage === namespaceStorage || resource.storage === definitionStorage;
}

/** `base` with the status of `source`. */
function statusOf(base: JsonObject, source: JsonObject): JsonObject {
  const status = getOwn(source, "status");
  if (base["status"] === status) return base;
  const { status: _status, ...rest } = base;
  return status === undefined || status === null ? rest : { ...rest, status };
}

/** What a client may change in the metadata, over what only the server may. */
function changedMetadata(input: JsonObject, old: ObjectMeta): ObjectMeta {
  const uid = textOf(input, "uid");
  return {
    name: old.name,
    ...(old.generateName === undefined ? {} : { generateName: old.generateName }),
    ...(old.namespace === undefined ? {} : { namespace: old.namespace }),
    uid: uid === "" ? old.uid : uid,
    ...(old.generation === undefined ? {} : { generation: old.generation }),
    creationTimestamp: old.creationTimestamp,
    ...(old.deletionTimestamp === undefined
      ? {}
      : {
          deletionTimestamp: old.deletionTimestamp,
          deletionGracePeriodSeconds: old.deletionGracePeriodSeconds ?? 0,
        }),
    ...clientMetadata(input),
  };
}

function bumpGeneration(resource: Resource, object: KubeObject, old: KubeObject): KubeObject {
  const ignored = { metadata: undefined, ...(hasStatus(resource) ? { status: undefined } : {}) };
  if (!resource.hasGeneration || isEqual({ ...object, ...ignored }, { ...old, ...ignored })) return object;
  return { ...object, metadata: { ...object.metadata, generation: (old.metadata.generation ?? 0) + 1 } };
}
