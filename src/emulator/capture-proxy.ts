import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { writeAnswer, type ConnectListener } from "../core/listen.ts";
import { cloudHostPatterns, isCloudHost } from "./cloud-host.ts";
import { imdsAddress } from "./identity-listener.ts";

/** Connections by the host that was asked for. Of hosts that were refused, the first 1,000 are kept. */
export interface CaptureCounts {
  readonly captured: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
}

export interface CaptureOptions {
  /** Takes a connection whose client expects TLS with the real host. */
  readonly adopt: (connection: Duplex) => void;
  /** Answers requests to IMDS. */
  readonly identity: RequestListener;
}

/** The two listeners of the proxy's server. */
export interface CaptureProxy {
  readonly onConnect: ConnectListener;
  readonly onRequest: RequestListener;
  readonly counts: () => CaptureCounts;
}

const countedHostLimit = 1_000;

/**
 * An HTTP proxy for clients that insist on the real host names: it hands connections to those to the emulator and
 * refuses every other. It opens no connection itself, so nothing ever reaches the network through it.
 */
export function createCaptureProxy({ adopt, identity }: CaptureOptions): CaptureProxy {
  const captured = new Map<string, number>();
  const refused = new Map<string, number>();
  return {
    onConnect({ url = "" }, connection, first) {
      connection.on("error", () => connection.destroy());
      const host = capturedHostOf(url);
      if (host === undefined) {
        count(refused, nameOf(url));
        return refuseConnection(connection, refusalText(url));
      }
      count(captured, host);
      connection.write("HTTP/1.1 200 Connection established\r\n\r\n");
      if (first.length > 0) connection.unshift(first);
      adopt(connection);
    },
    onRequest(incoming, outgoing) {
      const target = URL.parse(incoming.url ?? "");
      if (target?.protocol === "http:" && target.host === imdsAddress) {
        incoming.url = target.pathname + target.search;
        identity(incoming, outgoing);
      } else refuseRequest(incoming, outgoing, target);
    },
    counts: () => ({ captured: Object.fromEntries(captured), refused: Object.fromEntries(refused) }),
  };
}

/** The host of a CONNECT target (`HOST:PORT`) that goes to the emulator; undefined for any other. */
function capturedHostOf(target: string): string | undefined {
  const colon = target.lastIndexOf(":");
  const host = target.slice(0, Math.max(colon, 0)).toLowerCase();
  return target.slice(colon + 1) === "443" && isCloudHost(host) ? host : undefined;
}

function refuseConnection(connection: Duplex, text: string): void {
  const head = [
    "HTTP/1.1 403 Forbidden",
    "content-type: text/plain; charset=utf-8",
    `content-length: ${Buffer.byteLength(text)}`,
    "connection: close",
  ];
  connection.end(`${head.join("\r\n")}\r\n\r\n${text}`, () => connection.destroy());
}

function refuseRequest({ url = "" }: IncomingMessage, outgoing: ServerResponse, target: URL | null): void {
  const headers = { "content-type": "text/plain; charset=utf-8", connection: "close" };
  if (target === null) writeAnswer(outgoing, 400, headers, noProxyRequestText);
  else writeAnswer(outgoing, 403, headers, refusalText(target.host === "" ? url : target.host));
}

const noProxyRequestText =
  "This port of the emulator is a proxy. Give its address to a client as HTTPS_PROXY, and ask for https://NAME.vault.azure.net there.\n";

function refusalText(target: string): string {
  return `The emulator's proxy does not let ${nameOf(target)} through: CONNECT to port 443 of ${cloudHostPatterns.join(", ")} is all that it serves, besides http://${imdsAddress}/metadata/identity/oauth2/token. It opens no connection to the network; name other hosts in NO_PROXY.\n`;
}

/** A target as it is shown and counted: only what looks like a host and a port. */
function nameOf(target: string): string {
  return /^[\w.:[\]-]{1,260}$/.test(target) ? target.toLowerCase() : "this target";
}

function count(counts: Map<string, number>, host: string): void {
  if (counts.size >= countedHostLimit && !counts.has(host)) return;
  counts.set(host, (counts.get(host) ?? 0) + 1);
}
