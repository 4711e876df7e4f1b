import { createPrivateKey } from "node:crypto";
import type { MountResponse, ObjectResult } from "../../provider/client.ts";
import { SyncFailure } from "./outcome.ts";
import type { DataItem, ObjectStatus, SecretSyncSpec } from "./secret-sync.ts";

/** The bytes for one key of the Secret, or why there are none. */
export type MappedItem = FetchedItem | MissingItem;

/** `bytes` is what the key of the Secret gets; `object` tells type and version, when the provider told them. */
export interface FetchedItem {
  readonly kind: "fetched";
  readonly item: DataItem;
  readonly bytes: Uint8Array;
  readonly object: ObjectResult | undefined;
}

/** `object` says why it could not be fetched, and when to ask again. */
export interface MissingItem {
  readonly kind: "missing";
  readonly item: DataItem;
  readonly object: ObjectResult;
}

/**
 * Maps the provider's files to the keys of the Secret. Throws a {@link SyncFailure} when the SecretSync itself is
 * wrong (unknown source path, bad key, bytes that do not fit the type); an object that could not be fetched is an
 * answer, not an error.
 */
export function mapKeys(spec: SecretSyncSpec, response: MountResponse): MappedItem[] {
  const files = new Map(response.files.map((file) => [file.path, file.contents]));
  const isTls = spec.secretObject.type === "kubernetes.io/tls";
  return spec.secretObject.data.map((untrimmed): MappedItem => {
    const item = { sourcePath: untrimmed.sourcePath.trim(), targetKey: untrimmed.targetKey.trim() };
    checkKey(item.targetKey, isTls);
    const object = response.results.find((result) => result.paths.includes(item.sourcePath));
    const contents = files.get(item.sourcePath);
    if (contents !== undefined) {
      const bytes = isTls ? tlsPart(item, contents) : contents;
      return { kind: "fetched", item, bytes, object };
    }
    if (object !== undefined && !object.ok) return { kind: "missing", item, object };
    throw unknownSourcePath(item, spec.secretProviderClassName, response);
  });
}

/** What the status says of each item. `previous` keeps the time at which an unchanged version was first written. */
export function objectStatuses(
  items: readonly MappedItem[],
  previous: readonly ObjectStatus[] | undefined,
  now: string,
): ObjectStatus[] {
  return items.map((mapped): ObjectStatus => {
    const before = previous?.find((status) => status.targetKey === mapped.item.targetKey);
    const type = mapped.object?.type;
    if (mapped.kind === "fetched") {
      const version = mapped.object?.version;
      const isSame =
        before !== undefined && before.version === version && before.sourcePath === mapped.item.sourcePath;
      return {
        ...mapped.item,
        ...(type === undefined ? {} : { type }),
        ...(version === undefined ? {} : { version }),
        syncedAt: isSame && before.syncedAt !== undefined ? before.syncedAt : now,
        reason: "Synced",
      };
    }
    return {
      ...mapped.item,
      ...(type === undefined ? {} : { type }),
      // The last good version is still in the Secret.
      ...(before?.version === undefined ? {} : { version: before.version }),
      ...(before?.syncedAt === undefined ? {} : { syncedAt: before.syncedAt }),
      reason: mapped.object.code === "" ? "Unknown" : mapped.object.code,
      message: mapped.object.message,
    };
  });
}

function checkKey(key: string, isTls: boolean): void {
  if (isTls && key !== "tls.crt" && key !== "tls.key") {
    throw userError(
      `key "${key}" does not fit type kubernetes.io/tls: only tls.crt and tls.key do. Correct spec.secretObject.data[].targetKey.`,
    );
  }
  // Kubernetes' rule for keys of a Secret; the CRD's pattern lets slashes through.
  if (key.length > 253 || !/^[-._a-zA-Z0-9]+$/.test(key) || key === "." || key.startsWith("..")) {
    throw userError(
      `"${key}" cannot be a key of a Secret: letters, digits, "-", "_" and "." only. Correct spec.secretObject.data[].targetKey.`,
    );
  }
}

function unknownSourcePath(item: DataItem, className: string, response: MountResponse): SyncFailure {
  const known = [
    ...new Set([
      ...response.files.map((file) => file.path),
      ...response.results.flatMap((result) => result.paths),
    ]),
  ];
  const hint =
    known.length === 0 ? "" : ` This SecretSync's other paths exist: ${known.slice(0, 5).join(", ")}.`;
  return userError(
    `sourcePath "${item.sourcePath}" (for key "${item.targetKey}") is not produced by any object of SecretProviderClass "${className}".${hint} ` +
      "Use the object's objectAlias, or its objectName, and /0, /1 … when objectVersionHistory is above 1.",
  );
}

function userError(message: string): SyncFailure {
  return new SyncFailure({ reason: "UserInputValidationFailed", message, retryClass: "user" });
}

const pemBlock = /-----BEGIN ([A-Z0-9 ]{1,40})-----[A-Za-z0-9+/=\s]*-----END \1-----/g;

/** The certificates of a PEM bundle, or its private key in the form that most TLS servers read. */
function tlsPart(item: DataItem, contents: Uint8Array): Uint8Array {
  const text = Buffer.from(contents).toString("latin1");
  const blocks = [...text.matchAll(pemBlock)].map((match) => ({ label: match[1]!, pem: match[0] }));
  if (item.targetKey === "tls.crt") {
    const certificates = blocks.filter((block) => block.label === "CERTIFICATE");
    if (certificates.length === 0) throw notPem(item, "a certificate");
    return Buffer.from(certificates.map((block) => `${block.pem}\n`).join(""));
  }
  const key = blocks.findLast((block) => block.label.endsWith("PRIVATE KEY"));
  if (key === undefined) throw notPem(item, "a private key");
  return Buffer.from(encodePrivateKey(key.pem, item));
}

function encodePrivateKey(pem: string, item: DataItem): string {
  try {
    const key = createPrivateKey(pem);
    switch (key.asymmetricKeyType) {
      case "rsa":
        return key.export({ type: "pkcs1", format: "pem" }).toString();
      case "ec":
        return key.export({ type: "sec1", format: "pem" }).toString();
      default:
        return key.export({ type: "pkcs8", format: "pem" }).toString();
    }
  } catch {
    throw userError(
      `the private key for "${item.targetKey}" (sourcePath "${item.sourcePath}") cannot be read. ` +
        "It must be an unencrypted PEM key (PKCS#1, PKCS#8 or SEC1).",
    );
  }
}

function notPem(item: DataItem, what: string): SyncFailure {
  return userError(
    `sourcePath "${item.sourcePath}" holds no PEM block with ${what}, which "${item.targetKey}" needs. ` +
      "Fetch the certificate with objectType: secret, and for PFX content without objectFormat: pfx.",
  );
}
