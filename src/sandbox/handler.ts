import type { HttpHandler } from "../core/http.ts";
import {
  jsonType,
  parseQuery,
  type TextResponse,
  type WatchResponse,
  type WatchSink,
  type WireRequest,
  type WireResponse,
} from "./wire.ts";

/** A client that has not read this many chunks is cut off, as the real server does. */
const unreadChunkLimit = 10_000;
const encoder = new TextEncoder();
const noBody = Buffer.alloc(0);

/** Puts the sandbox's core behind a fetch-like handler, which needs no socket and no thread. */
export function toHandler(respond: (request: WireRequest) => WireResponse): HttpHandler {
  return async (request) => {
    const isRead = request.method === "GET" || request.method === "HEAD";
    const body = isRead ? noBody : Buffer.from(await request.arrayBuffer());
    const response = respond(toWireRequest(request, body));
    return response.kind === "text" ? textOf(response) : streamOf(response);
  };
}

function toWireRequest(request: Request, body: Buffer): WireRequest {
  const { url } = request;
  const start = url.indexOf("/", url.indexOf("//") + 2);
  const path = start < 0 ? "/" : url.slice(start);
  const end = path.indexOf("?");
  return {
    method: request.method,
    path: end < 0 ? path : path.slice(0, end),
    query: parseQuery(end < 0 ? "" : path.slice(end + 1)),
    body,
    header: (name) => request.headers.get(name) ?? undefined,
  };
}

function textOf({ status, headers, body }: TextResponse): Response {
  const list = Object.entries(headers).flatMap(([name, value]) =>
    typeof value === "string" ? [[name, value] as const] : value.map((item) => [name, item] as const),
  );
  return new Response(body, { status, headers: list as [string, string][] });
}

function streamOf({ open }: WatchResponse): Response {
  let stop: (() => void) | undefined;
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      stop = open(sinkOf(controller));
    },
    cancel: () => stop?.(),
  });
  return new Response(stream, { headers: { "content-type": jsonType } });
}

function sinkOf(controller: ReadableStreamDefaultController<Uint8Array>): WatchSink {
  return {
    write: (lines) => controller.enqueue(encoder.encode(lines)),
    end: () => controller.close(),
    reset: () => controller.error(new Error("watch connection reset by the sandbox")),
    isBehind: () => (controller.desiredSize ?? 0) < -unreadChunkLimit,
  };
}
