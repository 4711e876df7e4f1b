import type { DeletedObject, StoredVersion } from "./object-store.ts";

/** The `attributes` member of every bundle and list item. */
export function attributesOf(version: StoredVersion): Record<string, unknown> {
  return {
    enabled: version.enabled,
    ...(version.notBefore === undefined ? {} : { nbf: version.notBefore }),
    ...(version.expires === undefined ? {} : { exp: version.expires }),
    created: version.created,
    updated: version.updated,
    recoveryLevel: "Recoverable+Purgeable",
    recoverableDays: retentionDays,
  };
}

/** Deleted objects can be recovered for so long; the service's default. */
export const retentionDays = 90;

/** The members that a deleted object has beside its bundle. */
export function recoveryOf(
  baseUrl: string,
  collection: "secrets" | "keys" | "certificates",
  object: DeletedObject<StoredVersion>,
): Record<string, unknown> {
  return {
    recoveryId: `${baseUrl}/deleted${collection}/${object.name}`,
    deletedDate: object.deletedDate,
    scheduledPurgeDate: object.scheduledPurgeDate,
  };
}

/** The newest version of an object. */
export function newestOf<Version>(object: { readonly versions: readonly Version[] }): Version {
  return object.versions[object.versions.length - 1]!;
}
