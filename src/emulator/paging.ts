import { serviceLimit } from "../limits/service-limits.ts";
import { badParameter } from "./service-error.ts";
import { queryValue } from "./wire.ts";

const pageLimit = serviceLimit("list-page-items");

/** What a list request asks for. */
export interface PageRequest {
  readonly maxResults: number;
  /** The last key of the page before; undefined for the first page. */
  readonly afterKey: string | undefined;
  /** The service answers this page without items and points to the next one. */
  readonly isEmpty: boolean;
}

/** Reads `maxresults` (1 to 25) and `$skiptoken` of a query. */
export function readPageRequest(query: string): PageRequest {
  const text = queryValue(query, "maxresults");
  const maxResults = text === undefined ? pageLimit : Number(text);
  if (!Number.isInteger(maxResults) || maxResults < 1 || maxResults > pageLimit) {
    throw badParameter(`Parameter maxresults is not between 1 and ${pageLimit}.`);
  }
  const token = queryValue(query, "$skiptoken");
  return { maxResults, ...(token === undefined ? firstPage : decodeToken(token)) };
}

const firstPage = { afterKey: undefined, isEmpty: false } as const;

/** The absolute link to the page after `afterKey`, with its port even if it is the default one, as the service does. */
export function nextLink(
  request: { readonly host: string; readonly path: string; readonly query: string },
  page: PageRequest,
  next: { readonly afterKey: string | undefined; readonly isEmpty: boolean },
): string {
  const host = request.host.includes(":") ? request.host : `${request.host}:443`;
  const version = queryValue(request.query, "api-version") ?? "";
  return (
    `https://${host}${request.path}?api-version=${encodeURIComponent(version)}` +
    `&$skiptoken=${encodeURIComponent(encodeToken(next))}&maxresults=${page.maxResults}`
  );
}

/** The service's tokens are base64 of such an object too; clients must take them as opaque. */
function encodeToken(next: { readonly afterKey: string | undefined; readonly isEmpty: boolean }): string {
  const marker = `2!${next.isEmpty ? 1 : 0}!${next.afterKey ?? ""}`;
  return Buffer.from(JSON.stringify({ NextMarker: marker, TargetLocation: 0 })).toString("base64");
}

function decodeToken(token: string): { afterKey: string | undefined; isEmpty: boolean } {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, "base64").toString());
    if (typeof parsed === "object" && parsed !== null && "NextMarker" in parsed) {
      const [, isEmpty, key] = /^2!([01])!(.*)$/.exec(String(parsed.NextMarker)) ?? [];
      if (key !== undefined) return { afterKey: key === "" ? undefined : key, isEmpty: isEmpty === "1" };
    }
  } catch {
    // Not a token of ours: the answer below says so.
  }
  throw badParameter("Parameter $skiptoken is not valid. Follow nextLink as it was returned.");
}
