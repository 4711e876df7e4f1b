import type { JsonObject } from "./object.ts";
import type { Route } from "./routes.ts";
import type { Selector } from "./selectors.ts";
import { badRequest, expired, StatusError } from "./status-error.ts";
import type { Entry, Store } from "./store.ts";

interface ContinueToken {
  /** The version of the first page, of which all pages are a part. */
  readonly version: number;
  /** The last key of the page before. */
  readonly after: string;
}

/**
 * One page of a list and its list metadata. Pages after the first show the state of the first page as long as the
 * history reaches back to it, then 410.
 */
export function listPage(
  store: Store,
  { resource, namespace }: Pick<Route, "resource" | "namespace">,
  query: URLSearchParams,
  selector: Selector | undefined,
): { readonly entries: readonly Entry[]; readonly metadata: JsonObject } {
  const limit = Number(query.get("limit") ?? "0");
  if (!Number.isSafeInteger(limit)) throw badRequest("limit must be a number of objects");
  const token = parseToken(query.get("continue"));
  checkVersion(store, query.get("resourceVersion"), token);
  const version = token?.version ?? exactVersion(query) ?? store.version;
  if (version < store.compactedVersion) throw expired(tooOldText(version, token));
  const all =
    version === store.version
      ? store.list(resource.storage, namespace)
      : store.listAt(version, resource.storage, namespace);
  const selected = all.filter(
    ([key, entry]) =>
      (token === undefined || key > token.after) && (selector === undefined || selector(entry.object)),
  );
  const isLast = limit <= 0 || selected.length <= limit;
  const page = isLast ? selected : selected.slice(0, limit);
  const metadata = {
    resourceVersion: String(version),
    ...(isLast ? {} : { continue: formatToken({ version, after: page.at(-1)![0] }) }),
    ...(isLast || selector !== undefined ? {} : { remainingItemCount: selected.length - limit }),
  };
  return { entries: page.map(([, entry]) => entry), metadata };
}

/** A list may be asked for as it was at a version. */
function exactVersion(query: URLSearchParams): number | undefined {
  return query.get("resourceVersionMatch") === "Exact" ? Number(query.get("resourceVersion")) : undefined;
}

function tooOldText(version: number, token: ContinueToken | undefined): string {
  if (token === undefined) return `The provided resource version is too old: ${version}`;
  return "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.";
}

function checkVersion(store: Store, given: string | null, token: ContinueToken | undefined): void {
  if (given !== null && !/^\d*$/.test(given)) {
    throw badRequest(
      `Invalid value: ${JSON.stringify(given.slice(0, 80))}: resourceVersion must be a number`,
    );
  }
  if (token !== undefined) {
    if (given !== null && given !== "" && given !== "0") {
      throw badRequest("specifying resource version is not allowed when using continue");
    }
    return;
  }
  if (given !== null && Number(given) > store.version) {
    throw new StatusError(
      504,
      "Timeout",
      `Timeout: Too large resource version: ${given}, current: ${store.version}`,
      {
        causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
        retryAfterSeconds: 1,
      },
    );
  }
}

function formatToken(token: ContinueToken): string {
  return Buffer.from(JSON.stringify(token)).toString("base64url");
}

function parseToken(text: string | null): ContinueToken | undefined {
  if (text === null || text === "") return undefined;
  try {
    const token = JSON.parse(Buffer.from(text, "base64url").toString()) as ContinueToken;
    if (Number.isSafeInteger(token.version) && typeof token.after === "string") return token;
  } catch {
    // Falls through to the same answer as a well-formed text that is no token.
  }
  throw badRequest("continue key is not valid: it must come from the list before, unchanged");
}
