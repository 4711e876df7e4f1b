import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { collectBody, writeAnswer } from "../core/listen.ts";
import { ConnectionFault } from "./faults.ts";
import { tooLarge } from "./handler.ts";
import { errorBody } from "./service-error.ts";
import { bodyLimitBytes, jsonResponse, type WireRequest, type WireResponse } from "./wire.ts";

/** The emulator's core. Rejects or throws a ConnectionFault when a fault breaks the connection. */
export type Respond = (request: WireRequest) => WireResponse | Promise<WireResponse>;

/**
 * Puts the emulator's core behind a node server without `Request` and `Response` objects, which would cost more than
 * the answer itself. A fault that breaks the connection really does.
 */
export function toRequestListener(respond: Respond): RequestListener {
  return (incoming, outgoing) => {
    if (incoming.method === "GET" || incoming.method === "HEAD") answer(respond, incoming, outgoing, "");
    else {
      collectBody(incoming, bodyLimitBytes, (body) => {
        if (body.length > bodyLimitBytes) write(outgoing, tooLarge());
        else answer(respond, incoming, outgoing, body.toString());
      });
    }
  };
}

function answer(respond: Respond, incoming: IncomingMessage, outgoing: ServerResponse, body: string): void {
  try {
    const response = respond(wireRequestOf(incoming, body));
    if (response instanceof Promise) {
      response.then(
        (settled) => write(outgoing, settled),
        (thrown: unknown) => fail(outgoing, thrown),
      );
    } else write(outgoing, response);
  } catch (thrown) {
    fail(outgoing, thrown);
  }
}

function wireRequestOf(incoming: IncomingMessage, body: string): WireRequest {
  const { headers, url = "/" } = incoming;
  const question = url.indexOf("?");
  return {
    method: incoming.method ?? "GET",
    host: (headers.host ?? "").toLowerCase(),
    path: question < 0 ? url : url.slice(0, question),
    query: question < 0 ? "" : url.slice(question + 1),
    callerIpAddress: incoming.socket.remoteAddress ?? "",
    body,
    header: (name) => {
      const value = headers[name];
      return typeof value === "string" ? value : value?.[0];
    },
  };
}

function write(outgoing: ServerResponse, { status, headers, body }: WireResponse): void {
  writeAnswer(outgoing, status, headers, body);
}

/** A planned fault breaks the connection; a defect of the emulator is an answer, so that the next client is served. */
function fail(outgoing: ServerResponse, thrown: unknown): void {
  if (thrown instanceof ConnectionFault) outgoing.destroy();
  else
    write(outgoing, jsonResponse(500, errorBody("InternalError", "The emulator met a defect of its own.")));
}
