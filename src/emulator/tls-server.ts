import type { RequestListener } from "node:http";
import { createServer } from "node:https";
import type { IssuedCertificate } from "../core/certificate-authority.ts";
import { messageOf, systemCodeOf, UserError } from "../core/errors.ts";

export interface TlsServer {
  readonly port: number;
  /** Ends open connections and frees the port. */
  readonly close: () => Promise<void>;
}

/** Serves a node listener over TLS. Throws a UserError that names the address when it cannot be had. */
export async function listenTls(
  listener: RequestListener,
  certificate: IssuedCertificate,
  address: { readonly host: string; readonly port: number },
): Promise<TlsServer> {
  const { host, port } = address;
  const server = createServer({ cert: certificate.certificatePem, key: certificate.keyPem }, listener);
  server.keepAliveTimeout = 75_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(describe(error, host, port)));
    server.listen(port, host, resolve);
  });
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : port,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function describe(error: Error, host: string, port: number): UserError {
  if (systemCodeOf(error) === "EADDRINUSE") {
    return new UserError(
      `emulator: port ${port} on ${host} is taken by another process.`,
      "Leave the port out (or give 0) to take a free one, or end the process that has it.",
      { cause: error },
    );
  }
  return new UserError(
    `emulator: cannot listen on ${host}:${port}: ${messageOf(error)}`,
    "Give an address of this machine, such as 127.0.0.1, and a port above 1023.",
    { cause: error },
  );
}
