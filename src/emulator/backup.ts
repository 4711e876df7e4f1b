import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { serviceLimit } from "../limits/service-limits.ts";
import { badParameter, ServiceError, type ObjectKind } from "./service-error.ts";

/** Seals objects into opaque texts that any vault of the same emulator can restore, and nobody else can read. */
export interface BackupSeal {
  seal(
    kind: ObjectKind,
    content: { readonly versions: readonly unknown[]; readonly linked: readonly unknown[] },
  ): string;
  /** The content of a sealed text of that kind, or 400. */
  open(kind: ObjectKind, sealed: string): unknown;
}

const nonceBytes = 12;
const tagBytes = 16;

/** A seal under a new key that lives in memory only. */
export function createBackupSeal(): BackupSeal {
  const key = randomBytes(32);
  return {
    seal(kind, content) {
      const limit = serviceLimit("secret-versions-in-backup");
      if (content.versions.length > limit) {
        throw new ServiceError(
          400,
          "BadParameter",
          `An object with more than ${limit} versions cannot be backed up.`,
        );
      }
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(kind));
      const sealed = [nonce, cipher.update(JSON.stringify(content)), cipher.final(), cipher.getAuthTag()];
      return Buffer.concat(sealed).toString("base64url");
    },
    open(kind, sealed) {
      const bytes = Buffer.from(sealed, "base64url");
      try {
        const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, nonceBytes), {
          authTagLength: tagBytes,
        })
          .setAAD(Buffer.from(kind))
          .setAuthTag(bytes.subarray(-tagBytes));
        const text = decipher.update(bytes.subarray(nonceBytes, -tagBytes), undefined, "utf8");
        return JSON.parse(text + decipher.final("utf8"));
      } catch {
        throw badParameter(
          `Property value has invalid value: it is not a backup of a ${kind.toLowerCase()} made by this emulator.`,
        );
      }
    },
  };
}
