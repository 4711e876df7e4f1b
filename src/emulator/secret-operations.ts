import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import { serviceLimit } from "../limits/service-limits.ts";
import type { BackupSeal } from "./backup.ts";
import { collectionRoute, objectOperation, ok } from "./collection-route.ts";
import { attributesOf } from "./object-bundle.ts";
import type { ObjectStore, StoredVersion } from "./object-store.ts";
import { hex32 } from "./random-id.ts";
import {
  assertObjectName,
  readAttributes,
  readJsonObject,
  readRequiredString,
  readString,
  readTags,
} from "./request-body.ts";
import { badParameter, isDisabled } from "./service-error.ts";
import { readCertificateFile, writeCertificateFile } from "./certificate-file.ts";
import { queryValue } from "./wire.ts";
import { createCharge, plainCharge, type OperationRoute } from "./vault-operation.ts";

/** One version of a secret. */
export interface SecretVersion extends StoredVersion {
  readonly value: string;
  contentType?: string | undefined;
}

/** Where secrets live and how they are made. */
export interface SecretOperationsOptions {
  readonly store: ObjectStore<SecretVersion>;
  readonly clock: Clock;
  readonly random: Random;
  readonly seal: BackupSeal;
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
  const { store, clock } = options;
  const contentTypeLimit = serviceLimit("content-type-characters");

  const set = objectOperation("SecretSet", createCharge, ({ request, baseUrl }, name) => {
    assertObjectName(name);
    const body = readJsonObject(request.body);
    const value = readRequiredString(body, "value");
    const limit = serviceLimit("secret-value-bytes");
    if (Buffer.byteLength(value) > limit) {
      throw badParameter(`Property value has invalid value: it is longer than ${limit} bytes.`);
    }
    const version = addSecretVersion(options, name, {
      value,
      contentType: readString(body, "contentType", contentTypeLimit),
      tags: readTags(body),
      ...readAttributes(body),
    });
    return ok({ value, ...bundle(baseUrl, store.get(name).name, version) });
  });

  const get = objectOperation("SecretGet", plainCharge, ({ request, segments, baseUrl }, name) => {
    const version = store.version(name, segments[2]);
    if (!version.enabled) throw isDisabled("Secret", "get");
    const shown = inForm(version, queryValue(request.query, "outcontenttype"));
    return ok({ value: shown.value, ...bundle(baseUrl, store.get(name).name, shown) });
  });

  const update = objectOperation("SecretUpdate", plainCharge, ({ request, segments, baseUrl }, name) => {
    const version = store.version(name, segments[2]);
    const body = readJsonObject(request.body);
    const contentType = readString(body, "contentType", contentTypeLimit);
    const tags = readTags(body);
    Object.assign(version, readAttributes(body), { updated: Math.floor(clock.wallMs() / 1000) });
    if (contentType !== undefined) version.contentType = contentType;
    if (tags !== undefined) version.tags = tags;
    return ok(bundle(baseUrl, store.get(name).name, version));
  });

  return collectionRoute(
    { ...options, kind: "Secret", collection: "secrets", bundle, item },
    (method, segments) => {
      const count = segments.length;
      if (count !== 2 && count !== 3) return undefined;
      switch (method) {
        case "GET":
          return count === 3 && segments[2]!.toLowerCase() === "versions" ? undefined : get;
        case "PUT":
          return count === 2 ? set : undefined;
        case "PATCH":
          return update;
        default:
          return undefined;
      }
    },
  );
}

/** The secret of a certificate in the form that was asked for; any secret as it is without one. */
function inForm(version: SecretVersion, form: string | undefined): SecretVersion {
  if (form === undefined || form === version.contentType) return version;
  if (version.managed !== true || (form !== "application/x-pkcs12" && form !== "application/x-pem-file")) {
    throw badParameter(
      "Parameter outContentType is neither application/x-pkcs12 nor application/x-pem-file, or the secret is not of a certificate.",
    );
  }
  const { content } = readCertificateFile(version.value, "");
  return { ...version, value: writeCertificateFile(form, content), contentType: form };
}

/** Everything about a version but its value. */
function bundle(baseUrl: string, name: string, version: SecretVersion): Record<string, unknown> {
  const kid = version.managed === true ? { kid: `${baseUrl}/keys/${name}/${version.id}` } : {};
  return { ...item(baseUrl, `${name}/${version.id}`, version), ...kid };
}

function item(baseUrl: string, path: string, version: SecretVersion): Record<string, unknown> {
  return {
    ...(version.contentType === undefined ? {} : { contentType: version.contentType }),
    id: `${baseUrl}/secrets/${path}`,
    attributes: attributesOf(version),
    ...(version.tags === undefined ? {} : { tags: version.tags }),
    ...(version.managed === true ? { managed: true } : {}),
  };
}
