import type { HttpHandler } from "../core/http.ts";
import { errorBody } from "./service-error.ts";
import { bodyLimitBytes, jsonResponse, type WireRequest, type WireResponse } from "./wire.ts";

/** Puts the emulator's core behind a fetch-like handler. */
export function toHandler(
  respond: (request: WireRequest) => WireResponse | Promise<WireResponse>,
): HttpHandler {
  return async (request) => {
    const declared = Number(request.headers.get("content-length") ?? 0);
    if (declared > bodyLimitBytes) return toResponse(tooLarge());
    const body = request.method === "GET" || request.method === "HEAD" ? "" : await request.text();
    return toResponse(await respond(toWireRequest(request, body)));
  };
}

/** What a body over the limit is answered. */
export function tooLarge(): WireResponse {
  return jsonResponse(
    413,
    errorBody("BadParameter", `The request body is longer than ${bodyLimitBytes} bytes.`),
  );
}

function toWireRequest(request: Request, body: string): WireRequest {
  const { url } = request;
  const hostStart = url.indexOf("//") + 2;
  const pathStart = url.indexOf("/", hostStart);
  const fragment = url.indexOf("#", pathStart);
  const end = fragment < 0 ? url.length : fragment;
  const question = url.indexOf("?", pathStart);
  const hasQuery = question >= 0 && question < end;
  return {
    method: request.method,
    host: (request.headers.get("host") ?? url.slice(hostStart, pathStart)).toLowerCase(),
    path: url.slice(pathStart, hasQuery ? question : end),
    query: hasQuery ? url.slice(question + 1, end) : "",
    callerIpAddress: "127.0.0.1",
    body,
    header: (name) => request.headers.get(name) ?? undefined,
  };
}

function toResponse({ status, headers, body }: WireResponse): Response {
  return new Response(body === "" ? null : body, { status, headers });
}
