import type { LookupAddress, LookupOptions } from "node:dns";
import { lookup } from "node:dns";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import { createHttpHeaders } from "@azure/core-rest-pipeline";
import { Agent } from "undici";
import { exchangeText } from "../core/text-exchange.ts";
import { textBodyOf, type VaultTransport } from "./transport.ts";
import { TurnQueue } from "./turn-queue.ts";

export interface HttpTransportOptions {
  /** Certificates to trust besides the system's: the emulator's, or a proxy's. */
  readonly caPem?: string;
  /** Connections per host; 64. */
  readonly connections?: number;
}

/** A transport with sockets; disposing it closes them. */
export interface HttpTransport extends VaultTransport, AsyncDisposable {}

/** No answer of Key Vault or Entra is near this large. */
const maxAnswerBytes = 4 * 1024 * 1024;

/**
 * Keep-alive connections to every host, certificates always verified. Names that end in `.localhost` go to
 * 127.0.0.1 (RFC 6761), which not every resolver knows. Time limits are the caller's, by the request's signal.
 */
export function httpTransport({ caPem, connections = 64 }: HttpTransportOptions = {}): HttpTransport {
  const agent = new Agent({
    connections,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: 60_000,
    maxResponseSize: maxAnswerBytes,
    connect: {
      lookup: lookupWithLocalhost,
      ...(caPem === undefined ? {} : { secureContext: contextTrusting(caPem) }),
    },
  });
  const answers = new TurnQueue();
  return {
    async sendRequest(request) {
      const url = new URL(request.url);
      const { abortSignal } = request;
      const outgoing = {
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method: request.method,
        headers: request.headers.toJSON(),
        body: textBodyOf(request) ?? null,
      };
      const signal = abortSignal instanceof AbortSignal ? abortSignal : undefined;
      const answer = await exchangeText(agent, outgoing, signal);
      await answers.next();
      const headers = createHttpHeaders();
      for (const [name, value] of Object.entries(answer.headers)) {
        if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
      }
      return { request, status: answer.status, headers, bodyAsText: answer.body };
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

/** One context for all connections: to read some 150 certificates takes tens of milliseconds. */
function contextTrusting(caPem: string): SecureContext {
  return createSecureContext({ ca: [...getCACertificates("default"), caPem] });
}

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

function lookupWithLocalhost(host: string, options: LookupOptions, callback: LookupCallback): void {
  if (!host.endsWith(".localhost")) return lookup(host, options, callback);
  if (options.all === true) callback(null, [{ address: "127.0.0.1", family: 4 }]);
  else callback(null, "127.0.0.1", 4);
}
