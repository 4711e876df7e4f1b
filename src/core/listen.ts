import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { getRequestListener } from "@hono/node-server";
import { systemCodeOf, UserError } from "./errors.ts";
import type { HttpHandler } from "./http.ts";

export interface ListenOptions {
  /** Loopback unless said otherwise. */
  readonly host?: string;
  /** 0 takes a free port. */
  readonly port?: number;
  /** Without it the server speaks plain HTTP. */
  readonly tls?: { readonly certificatePem: string; readonly keyPem: string };
  /** What is being started, for error messages: "emulator". */
  readonly name: string;
}

/** A handler behind a socket. Closing it ends open connections and frees the port. */
export interface ListeningServer extends AsyncDisposable {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves `handler` over HTTP/1.1 keep-alive. Throws a {@link UserError} that names the port when it is taken. */
export async function listen(handler: HttpHandler, options: ListenOptions): Promise<ListeningServer> {
  const host = options.host ?? "127.0.0.1";
  const respond = getRequestListener(handler, { overrideGlobalObjects: false });
  const listener: RequestListener = (incoming, outgoing) => void respond(incoming, outgoing);
  const server =
    options.tls === undefined
      ? createHttpServer(listener)
      : createHttpsServer({ cert: options.tls.certificatePem, key: options.tls.keyPem }, listener);
  server.keepAliveTimeout = 75_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(describeListenError(error, options, host)));
    server.listen(options.port ?? 0, host, resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { port, close, [Symbol.asyncDispose]: close };
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
