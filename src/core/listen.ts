import {
  createServer as createHttpServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import type { Duplex } from "node:stream";
import { systemCodeOf, UserError } from "./errors.ts";

export interface ListenOptions {
  /** Loopback unless said otherwise. */
  readonly host?: string;
  /** 0 takes a free port. */
  readonly port?: number;
  /** Without it the server speaks plain HTTP. */
  readonly tls?: { readonly certificatePem: string; readonly keyPem: string };
  /** What is being started, for error messages: "emulator". */
  readonly name: string;
  /** Without it the connection of a CONNECT request is closed. */
  readonly onConnect?: ConnectListener;
}

/** A server behind a socket. Closing it ends every connection, whatever state it is in, and frees the port. */
export interface ListeningServer extends AsyncDisposable {
  readonly port: number;
  /** Serves a connection that came another way as one of its own, TLS handshake included. */
  readonly adopt: (connection: Duplex) => void;
  readonly close: () => Promise<void>;
}

/** Gets a CONNECT request, its connection, and the bytes that came with it; the connection is the callee's then. */
export type ConnectListener = (request: IncomingMessage, connection: Duplex, first: Buffer) => void;

/** Serves `listener` over HTTP/1.1 keep-alive. Throws a {@link UserError} that names the port when it is taken. */
export async function listen(listener: RequestListener, options: ListenOptions): Promise<ListeningServer> {
  const host = options.host ?? "127.0.0.1";
  const server = await createServer(listener, options.tls);
  server.keepAliveTimeout = 75_000;
  if (options.onConnect !== undefined) server.on("connect", options.onConnect);
  const connections = trackConnections(server);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(describeListenError(error, options, host)));
    server.listen(options.port ?? 0, host, resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const connection of connections) connection.destroy();
    });
  const adopt = (connection: Duplex) => {
    // A server for plain HTTP leaves its connections half open: a client that went would never be noticed here.
    connection.allowHalfOpen = false;
    server.emit("connection", connection);
  };
  return { port, adopt, close, [Symbol.asyncDispose]: close };
}

/** The open connections: the server itself forgets those within a TLS handshake and those of CONNECT requests. */
function trackConnections(server: Server): ReadonlySet<Duplex> {
  const connections = new Set<Duplex>();
  server.on("connection", (connection: Duplex) => {
    connections.add(connection);
    connection.once("close", () => connections.delete(connection));
  });
  return connections;
}

/** TLS is loaded by those alone who serve it. */
async function createServer(listener: RequestListener, tls: ListenOptions["tls"]) {
  if (tls === undefined) return createHttpServer(listener);
  const { createServer: createHttpsServer } = await import("node:https");
  return createHttpsServer({ cert: tls.certificatePem, key: tls.keyPem }, listener);
}

/**
 * Hands over the body of a request when it is complete, never when the client leaves before. No more than one chunk over
 * `limitBytes` is kept of a longer one: it is known by its length.
 */
export function collectBody(
  incoming: IncomingMessage,
  limitBytes: number,
  done: (body: Buffer) => void,
): void {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  incoming.on("data", (chunk: Buffer) => {
    if (sizeBytes > limitBytes) return;
    sizeBytes += chunk.length;
    chunks.push(chunk);
  });
  incoming.on("end", () => done(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
  incoming.on("error", () => incoming.destroy());
}

/** Answers with head and body in one write to the socket; does nothing when the client has left. */
export function writeAnswer(
  outgoing: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders,
  body: string,
): void {
  if (outgoing.destroyed) return;
  outgoing.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
  outgoing.end(body);
}

function describeListenError(error: Error, options: ListenOptions, host: string): Error {
  const address = `${host}:${options.port ?? 0}`;
  switch (systemCodeOf(error)) {
    case "EADDRINUSE":
      return new UserError(
        `${options.name}: port ${options.port} on ${host} is taken by another process.`,
        "Leave the port out (or give 0) to take a free one, or end the process that has it.",
        { cause: error },
      );
    case "EACCES":
      return new UserError(
        `${options.name}: not allowed to listen on ${address}.`,
        "Give a port above 1023.",
        { cause: error },
      );
    default:
      return new UserError(
        `${options.name}: cannot listen on ${address}: ${error.message}`,
        "Give an address of this machine, such as 127.0.0.1.",
        { cause: error },
      );
  }
}
