import type { HttpClient, PipelineRequest } from "@azure/core-rest-pipeline";
import { messageOf, systemCodeOf } from "../core/errors.ts";
import type { HttpHandler } from "../core/http.ts";

/**
 * Lets clients and credentials of the official JavaScript SDKs speak to a handler, such as an emulator's: give it as
 * `httpClient` in their options. No socket. What the handler throws counts as a broken connection.
 */
export function handlerHttpClient(handler: HttpHandler): HttpClient {
  return {
    async sendRequest(request) {
      // Loaded by whoever has an SDK, not by every user of the emulator.
      const { createHttpHeaders, RestError } = await import("@azure/core-rest-pipeline");
      try {
        const response = await handler(requestOf(request));
        const headers = createHttpHeaders(Object.fromEntries(response.headers));
        return { request, status: response.status, headers, bodyAsText: await response.text() };
      } catch (thrown) {
        const code = systemCodeOf(thrown) ?? RestError.REQUEST_SEND_ERROR;
        throw new RestError(messageOf(thrown), { code, request });
      }
    },
  };
}

function requestOf({ url, method, headers, body }: PipelineRequest): Request {
  return new Request(url, {
    method,
    headers: headers.toJSON(),
    ...(typeof body === "string" ? { body } : {}),
  });
}
