import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { LimitProfile } from "../limits/profiles.ts";
import type { BackupSeal } from "./backup.ts";
import { publicMembers, type KeyMaterial } from "./key-material.ts";
import { attributesOf } from "./object-bundle.ts";
import type { ObjectStore, StoredVersion } from "./object-store.ts";
import { hex32 } from "./random-id.ts";
import { readAttributes, readTags, type JsonObject } from "./request-body.ts";
import { badParameter } from "./service-error.ts";

/** One version of a key. */
export interface KeyVersion extends StoredVersion, KeyMaterial {
  keyOperations: readonly string[];
  /** As it was given; undefined for none. */
  readonly releasePolicy?: unknown;
}

/** What a caller or a certificate says about a new version. */
export type GivenKey = Partial<StoredVersion & Pick<KeyVersion, "keyOperations" | "releasePolicy">>;

/** Where keys live and how they are made. */
export interface KeyOperationsOptions {
  readonly store: ObjectStore<KeyVersion>;
  readonly clock: Clock;
  readonly random: Random;
  readonly seal: BackupSeal;
  readonly emptyPages: boolean;
  /** Says what operations on a key cost. */
  readonly profile: LimitProfile;
}

const rsaOperations = ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"] as const;
const ecOperations = ["sign", "verify"] as const;
/** Adds a version to a key. */
export function addKeyVersion(
  { store, clock, random }: Pick<KeyOperationsOptions, "store" | "clock" | "random">,
  name: string,
  material: KeyMaterial,
  given: GivenKey = {},
): KeyVersion {
  const seconds = Math.floor(clock.wallMs() / 1000);
  const version = {
    id: hex32(random),
    enabled: true,
    created: seconds,
    updated: seconds,
    keyOperations: material.curve === undefined ? rsaOperations : ecOperations,
    ...given,
    ...material,
  };
  store.add(name, version);
  return version;
}

/** The members that are the same for create, import and update; absent ones are left out. */
export function readGiven(body: JsonObject, operations: unknown = body["key_ops"]): GivenKey {
  const tags = readTags(body);
  const given = { ...readAttributes(body), ...(tags === undefined ? {} : { tags }) };
  if (operations === undefined || operations === null) return given;
  if (!Array.isArray(operations) || operations.some((each) => typeof each !== "string")) {
    throw badParameter("Property key_ops has invalid value: it is not a list of names.");
  }
  return { ...given, keyOperations: operations as string[] };
}

/** The release policy as it was given, if there is one. */
export function releasePolicyOf(body: JsonObject): Pick<KeyVersion, "releasePolicy"> {
  const policy = body["release_policy"];
  return policy === undefined || policy === null ? {} : { releasePolicy: policy };
}

/** The full answer about a version: its public half only. */
export function bundle(baseUrl: string, name: string, version: KeyVersion): Record<string, unknown> {
  return {
    key: {
      kid: `${baseUrl}/keys/${name}/${version.id}`,
      key_ops: version.keyOperations,
      ...publicMembers(version),
    },
    ...shared(version),
    ...(version.releasePolicy === undefined ? {} : { release_policy: version.releasePolicy }),
  };
}

/** The short answer about a version. */
export function item(baseUrl: string, path: string, version: KeyVersion): Record<string, unknown> {
  return { kid: `${baseUrl}/keys/${path}`, ...shared(version) };
}

function shared(version: KeyVersion): Record<string, unknown> {
  return {
    attributes: attributesOf(version),
    ...(version.tags === undefined ? {} : { tags: version.tags }),
    ...(version.managed === true ? { managed: true } : {}),
  };
}
