import type { LookupAddress, LookupOptions } from "node:dns";
import { lookup } from "node:dns";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import { Agent } from "undici";
import { exchangeText } from "../core/text-exchange.ts";
import type { VaultTransport } from "./transport.ts";
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
 * 127.0.0.1 (RFC 6761), which not every resolver knows. Time limits are the caller's, by the signal.
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
    async send({ url, method, headers, body = null }, signal) {
      const pathStart = url.indexOf("/", url.indexOf("://") + 3);
      const origin = url.slice(0, pathStart);
      const answer = await exchangeText(
        agent,
        { origin, path: url.slice(pathStart), method, headers, body },
        signal,
      );
      await answers.next();
      return answer;
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
