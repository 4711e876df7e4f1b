import { systemClock } from "../core/clock.ts";
import { createCertificateAuthority } from "../core/certificate-authority.ts";
import { listen } from "../core/listen.ts";
import { createEmulator, type Emulator, type EmulatorOptions } from "./emulator.ts";
import { toRequestListener } from "./node-listener.ts";

export interface EmulatorServerOptions extends EmulatorOptions {
  /** Loopback unless said otherwise. */
  readonly host?: string;
  /** 0, a free one, when absent. */
  readonly port?: number;
}

/** An emulator behind a TLS socket. */
export interface EmulatorServer extends AsyncDisposable {
  readonly emulator: Emulator;
  readonly port: number;
  /** `https://NAME.vault.localhost:PORT` by name. `https://127.0.0.1:PORT` with that Host header works too. */
  readonly vaultUrls: Readonly<Record<string, URL>>;
  /** The authority host for credentials. Clients must be told not to ask the real one about it (instance discovery). */
  readonly authorityUrl: URL;
  /** The certificate that clients must trust, as PEM. It lives as long as the server. */
  readonly caPem: string;
  /** Ends open connections and frees the port. */
  close(): Promise<void>;
}

/** The names that the server's certificate is good for: its own, and the real ones for redirected clients. */
const certificateNames = {
  dnsNames: [
    "*.vault.localhost",
    "*.vault.azure.net",
    "localhost",
    "login.localhost",
    "login.microsoftonline.com",
    "login.windows.net",
  ],
  ipAddresses: ["127.0.0.1", "::1"],
} as const;

/** Starts an emulator over TLS with a certificate authority of its own. Throws a UserError when the port is taken. */
export async function startEmulator(options: EmulatorServerOptions): Promise<EmulatorServer> {
  const emulator = createEmulator(options);
  const clock = options.clock ?? systemClock;
  const authority = await createCertificateAuthority("Keyweir emulator", clock.wallMs());
  const tls = await authority.issue({ commonName: "localhost", ...certificateNames });
  const { host, port } = options;
  const server = await listen(toRequestListener(emulator.respond), {
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
    tls,
    name: "emulator",
  });
  const vaultUrls = emulator.vaultNames.map(
    (name) => [name, new URL(`https://${name}.vault.localhost:${server.port}`)] as const,
  );
  return {
    emulator,
    port: server.port,
    vaultUrls: Object.fromEntries(vaultUrls),
    authorityUrl: new URL(`https://localhost:${server.port}`),
    caPem: authority.certificatePem,
    close: server.close,
    [Symbol.asyncDispose]: server.close,
  };
}
