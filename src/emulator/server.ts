import type { RequestListener } from "node:http";
import { systemClock } from "../core/clock.ts";
import { createCertificateAuthority } from "../core/certificate-authority.ts";
import { listen, type ListenOptions, type ListeningServer } from "../core/listen.ts";
import { createCaptureProxy, type CaptureCounts } from "./capture-proxy.ts";
import { cloudHostPatterns } from "./cloud-host.ts";
import { createEmulator, type Emulator, type EmulatorOptions } from "./emulator.ts";
import { identityListener } from "./identity-listener.ts";
import { toRequestListener } from "./node-listener.ts";

export interface EmulatorServerOptions extends EmulatorOptions {
  /** Loopback unless said otherwise. */
  readonly host?: string;
  /** 0, a free one, when absent. */
  readonly port?: number;
  /** Of the capture proxy for clients that insist on the real host names, 0 for a free one. None when absent. */
  readonly capturePort?: number;
  /** Of the managed-identity endpoints over plain HTTP, 0 for a free one. None when absent. */
  readonly imdsPort?: number;
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
  /** For `HTTPS_PROXY`; undefined without `capturePort`. */
  readonly proxyUrl: URL | undefined;
  /** For `AZURE_POD_IDENTITY_AUTHORITY_HOST`; App Service's form is at `/msi/token`. Undefined without `imdsPort`. */
  readonly imdsUrl: URL | undefined;
  /** The connections that the capture proxy was asked for: which hosts do the clients really want? */
  readonly captureCounts: () => CaptureCounts;
  /** Ends every connection, tunnels included, and frees the ports. */
  close(): Promise<void>;
}

/** The names that the server's certificate is good for: its own, and the real ones for redirected clients. */
const certificateNames = {
  dnsNames: ["*.vault.localhost", "localhost", "login.localhost", ...cloudHostPatterns],
  ipAddresses: ["127.0.0.1", "::1"],
};

/**
 * Starts an emulator over TLS with a certificate authority of its own, and the plain-HTTP listeners that the options ask
 * for. Throws a UserError when a port is taken; nothing listens then.
 */
export async function startEmulator(options: EmulatorServerOptions): Promise<EmulatorServer> {
  const emulator = createEmulator(options);
  const clock = options.clock ?? systemClock;
  const authority = await createCertificateAuthority("Keyweir emulator", clock.wallMs());
  const tls = await authority.issue({ commonName: "localhost", ...certificateNames });
  const servers: ListeningServer[] = [];
  const close = async () => void (await Promise.all(servers.map((server) => server.close())));
  try {
    const main = await open(servers, toRequestListener(emulator.respond), options, options.port, { tls });
    const plain = await openPlainListeners(servers, emulator, main, options);
    const vaultUrls = emulator.vaultNames.map(
      (name) => [name, new URL(`https://${name}.vault.localhost:${main.port}`)] as const,
    );
    return {
      emulator,
      port: main.port,
      vaultUrls: Object.fromEntries(vaultUrls),
      authorityUrl: new URL(`https://localhost:${main.port}`),
      caPem: authority.certificatePem,
      ...plain,
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The capture proxy and the managed-identity endpoints, as far as they are asked for. */
async function openPlainListeners(
  servers: ListeningServer[],
  emulator: Emulator,
  main: ListeningServer,
  options: EmulatorServerOptions,
): Promise<Pick<EmulatorServer, "proxyUrl" | "imdsUrl" | "captureCounts">> {
  const { capturePort, imdsPort } = options;
  const identity = identityListener(emulator.respond);
  const proxy = createCaptureProxy({ adopt: main.adopt, identity });
  const urlOf = ({ port }: ListeningServer) => new URL(`http://${urlHost(options.host)}:${port}`);
  const { onRequest, onConnect } = proxy;
  const capture =
    capturePort === undefined
      ? undefined
      : await open(servers, onRequest, options, capturePort, { onConnect, name: "emulator capture proxy" });
  const imds =
    imdsPort === undefined
      ? undefined
      : await open(servers, identity, options, imdsPort, { name: "emulator managed-identity endpoint" });
  return {
    proxyUrl: capture && urlOf(capture),
    imdsUrl: imds && urlOf(imds),
    captureCounts: proxy.counts,
  };
}

async function open(
  servers: ListeningServer[],
  listener: RequestListener,
  { host }: EmulatorServerOptions,
  port: number | undefined,
  more: Partial<ListenOptions>,
): Promise<ListeningServer> {
  const where = { ...(host === undefined ? {} : { host }), ...(port === undefined ? {} : { port }) };
  const server = await listen(listener, { name: "emulator", ...where, ...more });
  servers.push(server);
  return server;
}

function urlHost(host = "127.0.0.1"): string {
  return host.includes(":") ? `[${host}]` : host;
}
