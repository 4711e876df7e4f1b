import { createHmac, type KeyObject } from "node:crypto";
import type { FetchedItem } from "./key-mapping.ts";
import type { SecretProviderClass, SecretSync } from "./secret-sync.ts";

/**
 * A keyed hash of all that decides what the Secret looks like: the data, both specifications and
 * forceSynchronization. Two attempts with one hash wrote the same. Without the installation's key it tells nothing
 * about a value, not even a guessed one.
 */
export function syncHash(
  key: KeyObject,
  secretSync: SecretSync,
  providerClass: SecretProviderClass,
  items: readonly FetchedItem[],
): string {
  const parts: Uint8Array[] = [];
  const add = (part: string | Uint8Array) => {
    // Lengths first, so that no two different inputs run together to the same bytes.
    parts.push(Buffer.from(`${part.length}:`), typeof part === "string" ? Buffer.from(part) : part);
  };
  for (const object of [secretSync, providerClass]) {
    add(object.metadata.uid ?? "");
    add(String(object.metadata.generation ?? 0));
  }
  for (const { item, bytes } of items.toSorted((a, b) => (a.item.targetKey < b.item.targetKey ? -1 : 1))) {
    add(item.targetKey);
    add(bytes);
  }
  return `k1:${createHmac("sha256", key).update(Buffer.concat(parts)).digest("hex")}`;
}
