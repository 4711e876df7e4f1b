import type { HttpHandler } from "../core/http.ts";
import { KubeError } from "./kube-error.ts";
import { splitLines } from "./line-splitter.ts";
import { retryAfterMsOf } from "./retry-after.ts";
import type { KubeRequest, KubeTransport } from "./transport.ts";

export interface HandlerTransportOptions {
  /** Sent with each request: `authorization`, `x-forwarded-for` … */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A transport that calls a server in this process. No socket, no timer, no thread: on a virtual clock a run with it is
 * deterministic. An abort rejects at once, and the handler sees it as the abort of its request's signal.
 */
export function handlerTransport(handler: HttpHandler, options: HandlerTransportOptions = {}): KubeTransport {
  return {
    async request(request, signal) {
      const response = await untilAborted(call(handler, options, request, signal), signal);
      const body = await untilAborted(broken(response.text()), signal);
      return { status: response.status, ...retryAfter(response), body };
    },
    async watch(request, signal) {
      const response = await untilAborted(call(handler, options, request, signal), signal);
      const lines =
        response.body === null ? emptyLines() : splitLines(chunksUntilAborted(response.body, signal));
      return { status: response.status, ...retryAfter(response), lines };
    },
  };
}

async function call(
  handler: HttpHandler,
  options: HandlerTransportOptions,
  request: KubeRequest,
  signal: AbortSignal | undefined,
): Promise<Response> {
  signal?.throwIfAborted();
  const headers: Record<string, string> = {
    accept: "application/json, */*",
    "user-agent": request.userAgent ?? "keyweir",
    ...options.headers,
  };
  if (request.body !== undefined) headers["content-type"] = request.contentType ?? "application/json";
  const incoming = new Request(`http://kubernetes.default.svc${request.path}`, {
    method: request.method,
    headers,
    ...(request.body === undefined ? {} : { body: request.body }),
    ...(signal === undefined ? {} : { signal }),
  });
  return broken((async () => handler(incoming))());
}

function retryAfter(response: Response): { retryAfterMs?: number } {
  const retryAfterMs = retryAfterMsOf(response.headers.get("retry-after"));
  return retryAfterMs === undefined ? {} : { retryAfterMs };
}

/** A handler that throws and a body that breaks off are what a broken connection is on a socket. */
async function broken<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw new KubeError("the connection to the API server broke", { code: "Disconnected", cause: error });
  }
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let onAbort!: () => void;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function* chunksUntilAborted(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await untilAborted(broken(reader.read()), signal);
      if (done) return;
      yield value;
    }
  } finally {
    // The server learns that nobody reads any more; whatever it answers to that is of no interest.
    reader.cancel().catch(() => {});
  }
}

async function* emptyLines(): AsyncGenerator<string> {}
