import { withDeadline, type Clock } from "../core/clock.ts";
import type { JsonWebKeySet } from "./json-web-token.ts";

/**
 * Where the keys of a token issuer come from: a key set, a function that gives the present one, the address of a key
 * set, or `fetch` to read `ISSUER/.well-known/openid-configuration` and the `jwks_uri` in it. The last two go over the
 * network.
 */
export type KeySource =
  | JsonWebKeySet
  | (() => JsonWebKeySet | Promise<JsonWebKeySet>)
  | { readonly jwksUri: string }
  | "fetch";

const cacheMs = 300_000;
const fetchTimeoutMs = 5_000;
const issuerLimit = 1_000;
const documentLimitBytes = 1_048_576;

interface FetchedKeys {
  readonly set: JsonWebKeySet;
  readonly fetchedAtMs: number;
}

/** The keys of trusted issuers; fetched ones are kept for five minutes and read again when a new key id shows up. */
export class IssuerKeys {
  readonly #clock: Clock;
  readonly #sources: ReadonlyMap<string, KeySource>;
  readonly #fetched = new Map<string, FetchedKeys>();

  constructor(clock: Clock, sources: Readonly<Record<string, KeySource>>) {
    this.#clock = clock;
    this.#sources = new Map(Object.entries(sources).slice(0, issuerLimit));
  }

  /** The key set of `issuer`; undefined when it is not trusted or its keys cannot be read. */
  of(
    issuer: string,
    keyId: string | undefined,
  ): JsonWebKeySet | undefined | Promise<JsonWebKeySet | undefined> {
    const source = this.#sources.get(issuer);
    if (source === undefined) return undefined;
    if (source === "fetch") return this.#fetch(issuer, keyId, undefined);
    if (typeof source === "function") return source();
    return "jwksUri" in source ? this.#fetch(issuer, keyId, source.jwksUri) : source;
  }

  async #fetch(
    issuer: string,
    keyId: string | undefined,
    jwksUri: string | undefined,
  ): Promise<JsonWebKeySet | undefined> {
    const known = this.#fetched.get(issuer);
    const nowMs = this.#clock.monotonicMs();
    const isKnownKey = known?.set.keys.some((key) => key.kid === keyId) ?? false;
    if (known !== undefined && isKnownKey && nowMs - known.fetchedAtMs < cacheMs) return known.set;
    try {
      const set = await withDeadline(this.#clock, fetchTimeoutMs, undefined, (signal) =>
        fetchKeys(issuer, jwksUri, signal),
      );
      this.#fetched.set(issuer, { set, fetchedAtMs: nowMs });
      return set;
    } catch {
      return known?.set;
    }
  }
}

async function fetchKeys(
  issuer: string,
  jwksUri: string | undefined,
  signal: AbortSignal,
): Promise<JsonWebKeySet> {
  const keys = (await fetchJson(jwksUri ?? (await discoverJwksUri(issuer, signal)), signal))["keys"];
  return { keys: Array.isArray(keys) ? (keys as JsonWebKeySet["keys"]) : [] };
}

async function discoverJwksUri(issuer: string, signal: AbortSignal): Promise<string> {
  const url = `${issuer.replace(/\/+$/, "")}/.well-known/openid-configuration`;
  return String((await fetchJson(url, signal))["jwks_uri"]);
}

async function fetchJson(url: string, signal: AbortSignal): Promise<Record<string, unknown>> {
  const response = await fetch(url, { signal });
  if (!response.ok || response.body === null) throw new Error(`status ${response.status}`);
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body) {
    sizeBytes += chunk.length;
    if (sizeBytes > documentLimitBytes) throw new Error(`longer than ${documentLimitBytes} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
}
