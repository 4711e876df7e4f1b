import type { HttpHandler } from "../core/http.ts";
import type { TextAnswer } from "../core/text-exchange.ts";

/** A request to a vault, to Entra or to the machine's identity endpoint: JSON and forms, nothing else. */
export interface VaultHttpRequest {
  readonly method: "GET" | "POST";
  /** Absolute. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * The seam between Keyweir and Key Vault, Entra and the machine's identity endpoint. Live it is http-transport.ts, in
 * tests and simulations a server's handler.
 */
export interface VaultTransport {
  /** Any HTTP status resolves; only a broken connection or an abort rejects. Names of headers are in lower case. */
  send(request: VaultHttpRequest, signal?: AbortSignal): Promise<TextAnswer>;
}

/** Calls `handler` directly: no socket. What it throws counts as a broken connection. */
export function handlerTransport(handler: HttpHandler): VaultTransport {
  return {
    async send({ url, ...init }, signal) {
      signal?.throwIfAborted();
      const response = await handler(new Request(url, init));
      const headers = Object.fromEntries(response.headers);
      return { status: response.status, headers, body: await response.text() };
    },
  };
}
