import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import { keyOperationUnits, type LimitProfile } from "../limits/profiles.ts";
import type { BackupSeal } from "./backup.ts";
import { collectionRoute, objectOperation, ok } from "./collection-route.ts";
import { keyCryptoOperations } from "./key-crypto.ts";
import { createKeyMaterial, importKeyMaterial, publicMembers, type KeyMaterial } from "./key-material.ts";
import { attributesOf, newestOf } from "./object-bundle.ts";
import type { ObjectStore, StoredVersion } from "./object-store.ts";
import { hex32 } from "./random-id.ts";
import {
  assertObjectName,
  isJsonObject,
  readAttributes,
  readJsonObject,
  readTags,
  type JsonObject,
} from "./request-body.ts";
import { badParameter } from "./service-error.ts";
import {
  createCharge,
  plainCharge,
  type Charge,
  type Exchange,
  type OperationRoute,
} from "./vault-operation.ts";

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
const createHsmCharge: Charge = { limitClass: "keyCreateHsm", units: 1 };
const createSoftwareCharge: Charge = { limitClass: "keyCreateSoftware", units: 1 };

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

/** The operations of keys (REST API 7.0 to 2025-07-01) on one vault, without attestation and release. */
export function keyRoute(options: KeyOperationsOptions): OperationRoute {
  const { store, clock, profile } = options;
  const rotationPolicies = new Map<string, JsonObject>();
  const keyCharge = (exchange: Exchange): Charge => {
    const versions = store.find(exchange.segments[1] ?? "")?.versions;
    if (versions === undefined) return plainCharge;
    const id = exchange.segments[2]?.toLowerCase();
    const key = versions.find((each) => each.id === id) ?? versions[versions.length - 1]!;
    return { limitClass: "keyUnits", units: keyOperationUnits(profile, key) };
  };

  const create = objectOperation("KeyCreate", createChargeOf, ({ request, baseUrl }, name) => {
    assertObjectName(name);
    const body = readJsonObject(request.body);
    const given = { ...readGiven(body), ...releasePolicyOf(body) };
    store.assertFree(name);
    const material = createKeyMaterial(body["kty"], body["key_size"] ?? undefined, body["crv"] ?? undefined);
    const version = addKeyVersion(options, name, material, given);
    return ok(bundle(baseUrl, store.get(name).name, version));
  });

  const importKey = objectOperation("KeyImport", createCharge, ({ request, baseUrl }, name) => {
    assertObjectName(name);
    const body = readJsonObject(request.body);
    const key = body["key"];
    const given = readGiven(body, isJsonObject(key) ? key["key_ops"] : undefined);
    const material = importKeyMaterial(key, (body["hsm"] ?? body["Hsm"]) === true);
    const version = addKeyVersion(options, name, material, { ...given, ...releasePolicyOf(body) });
    return ok(bundle(baseUrl, store.get(name).name, version));
  });

  const get = objectOperation("KeyGet", keyCharge, ({ segments, baseUrl }, name) =>
    ok(bundle(baseUrl, store.get(name).name, store.version(name, segments[2]))),
  );

  const update = objectOperation("KeyUpdate", keyCharge, ({ request, segments, baseUrl }, name) => {
    const version = store.version(name, segments[2]);
    const updated = Math.floor(clock.wallMs() / 1000);
    Object.assign(version, readGiven(readJsonObject(request.body)), { updated });
    return ok(bundle(baseUrl, store.get(name).name, version));
  });

  const rotate = objectOperation(
    "KeyRotate",
    (exchange) => {
      const key = store.find(exchange.segments[1] ?? "")?.versions[0];
      return key?.keyType.endsWith("-HSM") === true ? createHsmCharge : createSoftwareCharge;
    },
    ({ baseUrl }, name) => {
      const { keyType, sizeBits, curve, keyOperations, tags } = newestOf(store.get(name));
      const material = createKeyMaterial(keyType, sizeBits, curve);
      const version = addKeyVersion(options, name, material, {
        keyOperations,
        ...(tags === undefined ? {} : { tags }),
      });
      return ok(bundle(baseUrl, store.get(name).name, version));
    },
  );

  const getPolicy = objectOperation("KeyRotationPolicyGet", keyCharge, ({ baseUrl }, name) => {
    const object = store.get(name);
    const policy = rotationPolicies.get(name.toLowerCase()) ?? { lifetimeActions: [], attributes: {} };
    return ok({ id: `${baseUrl}/keys/${object.name}/rotationpolicy`, ...policy });
  });

  const setPolicy = objectOperation("KeyRotationPolicySet", keyCharge, ({ request, baseUrl }, name) => {
    const object = store.get(name);
    const { lifetimeActions = [], attributes } = readJsonObject(request.body);
    if (!Array.isArray(lifetimeActions))
      throw badParameter("Property lifetimeActions has invalid value: it is not a list.");
    const seconds = Math.floor(clock.wallMs() / 1000);
    const created = rotationPolicies.get(name.toLowerCase())?.["attributes"];
    const policy = {
      lifetimeActions,
      attributes: {
        ...(isJsonObject(attributes) ? attributes : {}),
        created: isJsonObject(created) ? created["created"] : seconds,
        updated: seconds,
      },
    };
    rotationPolicies.set(name.toLowerCase(), policy);
    return ok({ id: `${baseUrl}/keys/${object.name}/rotationpolicy`, ...policy });
  });

  const crypto = keyCryptoOperations(store, clock, keyCharge);

  return collectionRoute(
    { ...options, kind: "Key", collection: "keys", bundle, item },
    (method, segments) => {
      const count = segments.length;
      const last = segments[count - 1]?.toLowerCase() ?? "";
      if (count < 2 || count > 4) return undefined;
      switch (method) {
        case "GET":
          if (count === 3 && last === "rotationpolicy") return getPolicy;
          return count === 4 || last === "versions" ? undefined : get;
        case "PUT":
          if (count === 3) return last === "rotationpolicy" ? setPolicy : undefined;
          return count === 2 ? importKey : undefined;
        case "PATCH":
          return count === 4 ? undefined : update;
        case "POST":
          if (count === 3 && last === "create") return create;
          if (count === 3 && last === "rotate") return rotate;
          return count === 2 ? undefined : crypto.get(last);
        default:
          return undefined;
      }
    },
  );
}

/** A create is counted by protection, which only the body says. */
function createChargeOf({ request }: Exchange): Charge {
  return /"kty"\s*:\s*"[A-Z]+-HSM"/.test(request.body) ? createHsmCharge : createSoftwareCharge;
}

/** The members that are the same for create, import and update; absent ones are left out. */
function readGiven(body: JsonObject, operations: unknown = body["key_ops"]): GivenKey {
  const tags = readTags(body);
  const given = { ...readAttributes(body), ...(tags === undefined ? {} : { tags }) };
  if (operations === undefined || operations === null) return given;
  if (!Array.isArray(operations) || operations.some((each) => typeof each !== "string")) {
    throw badParameter("Property key_ops has invalid value: it is not a list of names.");
  }
  return { ...given, keyOperations: operations as string[] };
}

function releasePolicyOf(body: JsonObject): Pick<KeyVersion, "releasePolicy"> {
  const policy = body["release_policy"];
  return policy === undefined || policy === null ? {} : { releasePolicy: policy };
}

function bundle(baseUrl: string, name: string, version: KeyVersion): Record<string, unknown> {
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

function item(baseUrl: string, path: string, version: KeyVersion): Record<string, unknown> {
  return { kid: `${baseUrl}/keys/${path}`, ...shared(version) };
}

function shared(version: KeyVersion): Record<string, unknown> {
  return {
    attributes: attributesOf(version),
    ...(version.tags === undefined ? {} : { tags: version.tags }),
    ...(version.managed === true ? { managed: true } : {}),
  };
}
