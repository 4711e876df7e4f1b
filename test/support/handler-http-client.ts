import {
  createHttpHeaders,
  RestError,
  type HttpClient,
  type PipelineRequest,
  type PipelineResponse,
} from "@azure/core-rest-pipeline";
import { messageOf, systemCodeOf } from "../../src/core/errors.ts";
import type { HttpHandler } from "../../src/core/http.ts";

/** Lets the official Azure SDKs speak to a handler: give it as `httpClient` in their options. No socket. */
export function handlerHttpClient(handler: HttpHandler): HttpClient {
  return {
    async sendRequest(request: PipelineRequest): Promise<PipelineResponse> {
      const response = await answer(handler, request);
      return {
        request,
        status: response.status,
        headers: createHttpHeaders(Object.fromEntries(response.headers)),
        bodyAsText: await response.text(),
      };
    },
  };
}

async function answer(handler: HttpHandler, request: PipelineRequest): Promise<Response> {
  const body = typeof request.body === "string" ? { body: request.body } : {};
  try {
    return await handler(
      new Request(request.url, { method: request.method, headers: request.headers.toJSON(), ...body }),
    );
  } catch (thrown) {
    throw new RestError(messageOf(thrown), {
      code: systemCodeOf(thrown) ?? RestError.REQUEST_SEND_ERROR,
      request,
    });
  }
}
