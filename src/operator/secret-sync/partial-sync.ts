import { mostUrgent } from "./failures.ts";
import type { MappedItem, MissingItem } from "./key-mapping.ts";
import type { FailedOutcome } from "./outcome.ts";

const messageLimit = 32_768;

/** The outcome when some items could be fetched and others could not. */
export function partialFailure(
  items: readonly MappedItem[],
  missing: readonly MissingItem[],
): Pick<FailedOutcome, "kind" | "reason" | "message" | "retryClass" | "retryAfterMs"> {
  const retryAfterMs = Math.max(...missing.map((mapped) => mapped.object.retryAfterMs));
  return {
    kind: "failed",
    reason: "PartialSync",
    message: partialMessage(items),
    retryClass: mostUrgent(missing.map((mapped) => mapped.object.code)),
    ...(retryAfterMs > 0 ? { retryAfterMs } : {}),
  };
}

/**
 * The condition message of PartialSync: a JSON array with one entry an item, failures first, cut to what fits into a
 * condition by leaving out entries from the end, so that it always parses.
 */
function partialMessage(items: readonly MappedItem[]): string {
  const failuresFirst = [
    ...items.filter((mapped) => mapped.kind === "missing"),
    ...items.filter((mapped) => mapped.kind === "fetched"),
  ];
  const entries: string[] = [];
  let length = 2;
  for (const mapped of failuresFirst) {
    const entry = JSON.stringify({
      sourcePath: mapped.item.sourcePath,
      targetKey: mapped.item.targetKey,
      ok: mapped.kind === "fetched",
      version: mapped.object?.version ?? "",
      code: mapped.kind === "missing" ? mapped.object.code : "",
      message: mapped.kind === "missing" ? mapped.object.message : "",
    });
    length += entry.length + 1;
    if (length > messageLimit) break;
    entries.push(entry);
  }
  return `[${entries.join(",")}]`;
}
