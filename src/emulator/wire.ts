/**
 * One HTTP exchange in the form that the emulator's core works on: plain values, so that the in-process handler and
 * the socket server share it without paying for `Request` and `Response` twice.
 */
export interface WireRequest {
  readonly method: string;
  /** Host with its port, lower case: `demo.vault.localhost:8443`. */
  readonly host: string;
  /** Path as sent, still percent-encoded, without the query. */
  readonly path: string;
  /** Query as sent, without the question mark; "" when there is none. */
  readonly query: string;
  /** Of the caller, as the audit log shows it. */
  readonly callerIpAddress: string;
  readonly body: string;
  /** A header by its lower-case name. */
  header(name: string): string | undefined;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** "" for none. */
  readonly body: string;
}

/** Larger bodies are refused with 413. Key Vault's largest valid body, a backup, is far smaller. */
export const bodyLimitBytes = 4 * 1024 * 1024;

/** A response with a JSON body. */
export function jsonResponse(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): WireResponse {
  return {
    status,
    headers: { ...headers, "content-type": "application/json; charset=utf-8" },
    body: JSON.stringify(body),
  };
}

/** The value of one query parameter. The SDK for JavaScript percent-encodes names too (`api%2Dversion`). */
export function queryValue(query: string, name: string): string | undefined {
  if (query === "") return undefined;
  for (const part of query.split("&")) {
    const end = part.indexOf("=");
    const key = decode(end < 0 ? part : part.slice(0, end));
    if (key !== undefined && key.toLowerCase() === name) return end < 0 ? "" : decode(part.slice(end + 1));
  }
  return undefined;
}

/** The decoded segments of a path; doubled and trailing slashes are dropped. Undefined when it cannot be decoded. */
export function pathSegments(path: string): string[] | undefined {
  const segments: string[] = [];
  for (const part of path.split("/")) {
    if (part === "") continue;
    const segment = decodePercent(part);
    if (segment === undefined) return undefined;
    segments.push(segment);
  }
  return segments;
}

function decode(text: string): string | undefined {
  return decodePercent(text.includes("+") ? text.replaceAll("+", " ") : text);
}

function decodePercent(text: string): string | undefined {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
