import { randomBytes } from "node:crypto";
import { createCertificateAuthority } from "../core/certificate-authority.ts";
import { systemClock } from "../core/clock.ts";
import { UserError } from "../core/errors.ts";
import { listen } from "../core/listen.ts";
import { formatKubeconfig } from "./kubeconfig.ts";
import { toRequestListener } from "./node-listener.ts";
import { createSandbox, type Sandbox, type SandboxOptions } from "./sandbox.ts";

export interface SandboxServerOptions extends SandboxOptions {
  /** `127.0.0.1` (when left out), `::1` or `localhost`: the sandbox is not for networks. */
  readonly host?: string;
  /** 0 or left out: a free port. */
  readonly port?: number;
}

/** A sandbox behind TLS on loopback. */
export interface SandboxServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** The certificate of the throw-away authority that signed the server's. */
  readonly caPem: string;
  /** YAML with the address, the authority and the admin token. Keep it in a file that others cannot read. */
  readonly kubeconfig: string;
  readonly sandbox: Sandbox;
  close(): Promise<void>;
}

const loopbackHosts = ["127.0.0.1", "::1", "localhost"];

/** Starts a sandbox on loopback; requests need the token of its kubeconfig. Throws {@link UserError} for another host. */
export async function startSandbox(options: SandboxServerOptions = {}): Promise<SandboxServer> {
  const host = options.host ?? "127.0.0.1";
  if (!loopbackHosts.includes(host)) {
    throw new UserError(
      `sandbox: refuses to listen on ${host}, it is not for production and must not be reached from a network.`,
      `Leave the host out, or give one of ${loopbackHosts.join(", ")}.`,
    );
  }
  const authority = await createCertificateAuthority(
    "Keyweir sandbox",
    (options.clock ?? systemClock).wallMs(),
  );
  const certificate = await authority.issue({
    commonName: "keyweir-sandbox",
    dnsNames: ["localhost", "kubernetes.default.svc"],
    ipAddresses: ["127.0.0.1", "::1"],
  });
  const token = options.adminToken ?? randomBytes(24).toString("base64url");
  let sandbox: Sandbox | undefined;
  const listener = toRequestListener((request) => sandbox!.respond(request));
  const server = await listen(listener, {
    host,
    ...(options.port === undefined ? {} : { port: options.port }),
    tls: certificate,
    name: "sandbox",
  });
  const url = `https://${host === "::1" ? "[::1]" : host}:${server.port}`;
  const started = createSandbox({
    ...options,
    issuer: options.issuer ?? url,
    adminToken: token,
    anonymous: options.anonymous ?? false,
  });
  sandbox = started;
  const close = async () => {
    started.close();
    await server.close();
  };
  return {
    port: server.port,
    url,
    caPem: authority.certificatePem,
    kubeconfig: formatKubeconfig({ url, caPem: authority.certificatePem, token }),
    sandbox: started,
    close,
    [Symbol.asyncDispose]: close,
  };
}
