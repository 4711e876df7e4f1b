import { createHttpHeaders, type HttpClient, type PipelineRequest } from "@azure/core-rest-pipeline";
import type { HttpHandler } from "../core/http.ts";

/**
 * The seam between Keyweir and Key Vault, Entra and the machine's identity endpoint: the HTTP client of the official
 * SDK's pipeline. Live it is http-transport.ts, in tests and simulations a server's handler. Any HTTP status resolves;
 * only a broken connection or an abort rejects.
 */
export type VaultTransport = HttpClient;

/** Calls `handler` directly: no socket. What it throws counts as a broken connection. */
export function handlerTransport(handler: HttpHandler): VaultTransport {
  return {
    async sendRequest(request) {
      const { url, method } = request;
      if (request.abortSignal?.aborted === true) throw new Error("aborted");
      const headers = request.headers.toJSON();
      const body = textBodyOf(request);
      const response = await handler(
        new Request(url, body === undefined ? { method, headers } : { method, headers, body }),
      );
      const responseHeaders = createHttpHeaders();
      response.headers.forEach((value, name) => responseHeaders.set(name, value));
      return {
        request,
        status: response.status,
        headers: responseHeaders,
        bodyAsText: await response.text(),
      };
    },
  };
}

/** The body as text: Key Vault and Entra take JSON and forms, nothing else. */
export function textBodyOf(request: PipelineRequest): string | undefined {
  const { body } = request;
  if (body === undefined || body === null) return undefined;
  if (typeof body === "string") return body;
  throw new TypeError("a vault transport sends text bodies only");
}
