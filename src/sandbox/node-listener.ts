import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { afterThisTurn } from "../core/clock.ts";
import { collectBody, writeAnswer } from "../core/listen.ts";
import { errorResponse } from "./respond.ts";
import { StatusError } from "./status-error.ts";
import {
  bodyLimitBytes,
  jsonType,
  parseQuery,
  type WatchResponse,
  type WatchSink,
  type WireRequest,
  type WireResponse,
} from "./wire.ts";

/** A client that has left so much of its watch unread is cut off. */
const unreadLimitBytes = 64 * 1024 * 1024;
const noBody = Buffer.alloc(0);

/** Puts the sandbox's core behind a node server. A client that leaves ends its watch. */
export function toRequestListener(respond: (request: WireRequest) => WireResponse): RequestListener {
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer) => {
    const response = respondOrFail(respond, wireRequestOf(incoming, body));
    if (response.kind === "watch") stream(outgoing, response);
    else writeAnswer(outgoing, response.status, response.headers, response.body);
  };
  return (incoming, outgoing) => {
    if (incoming.method === "GET" || incoming.method === "HEAD") answer(incoming, outgoing, noBody);
    else collectBody(incoming, bodyLimitBytes, (body) => answer(incoming, outgoing, body));
  };
}

/** A defect of the sandbox is an answer, so that the next client is served. */
function respondOrFail(respond: (request: WireRequest) => WireResponse, request: WireRequest): WireResponse {
  try {
    return respond(request);
  } catch {
    return errorResponse(new StatusError(500, "InternalError", "The sandbox met a defect of its own."));
  }
}

function wireRequestOf(incoming: IncomingMessage, body: Buffer): WireRequest {
  const { headers, url = "/" } = incoming;
  const end = url.indexOf("?");
  return {
    method: incoming.method ?? "GET",
    path: end < 0 ? url : url.slice(0, end),
    query: parseQuery(end < 0 ? "" : url.slice(end + 1)),
    body,
    header(name) {
      const value = headers[name];
      return typeof value === "string" ? value : value?.[0];
    },
  };
}

function stream(outgoing: ServerResponse, { open }: WatchResponse): void {
  if (outgoing.destroyed) return;
  outgoing.writeHead(200, { "content-type": jsonType });
  outgoing.on("close", open(sinkOf(outgoing)));
}

/** All events of one turn of the event loop are one write, the head with the first. */
function sinkOf(outgoing: ServerResponse): WatchSink {
  let pending = "";
  let isScheduled = false;
  const flush = () => {
    isScheduled = false;
    if (outgoing.writableEnded || outgoing.destroyed) return;
    if (pending === "") outgoing.flushHeaders();
    else outgoing.write(pending);
    pending = "";
  };
  const schedule = () => {
    if (!isScheduled) afterThisTurn(flush);
    isScheduled = true;
  };
  schedule();
  return {
    write(lines) {
      pending += lines;
      schedule();
    },
    end() {
      outgoing.end(pending);
      pending = "";
    },
    reset: () => outgoing.destroy(),
    isBehind: () => outgoing.writableLength + pending.length > unreadLimitBytes,
  };
}
