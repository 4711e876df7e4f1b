import { readFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { errors, Pool } from "undici";
import { systemClock, type Clock } from "../core/clock.ts";
import { messageOf, systemCodeOf } from "../core/errors.ts";
import { exchangeText } from "../core/text-exchange.ts";
import type { ClusterConfig } from "./cluster-config.ts";
import { KubeError } from "./kube-error.ts";
import { splitLines } from "./line-splitter.ts";
import { retryAfterMsOf } from "./retry-after.ts";
import type { KubeRequest, KubeTransport } from "./transport.ts";

export interface HttpTransportOptions {
  /** For the age of the token read from a file. */
  readonly clock?: Clock;
  /** Requests in flight; more wait for a connection. Default 32. */
  readonly connections?: number;
}

const watchConnections = 64;
const connectTimeoutMs = 10_000;
/** Above the longest page of 500 objects of 1 MiB that fits into a string. */
const maxResponseBytes = 512 * 1024 * 1024;

/**
 * A transport over kept-alive HTTP/1.1 connections, watches in a pool of their own. Disposing it ends all of them.
 * Rejects with a {@link KubeError} that names the server and the next step.
 */
export function httpTransport(
  config: ClusterConfig,
  options: HttpTransportOptions = {},
): KubeTransport & AsyncDisposable {
  const url = new URL(config.server);
  const prefix = url.pathname.replace(/\/$/, "");
  const pool = openPool(url, config, {
    connections: options.connections ?? 32,
    maxResponseSize: maxResponseBytes,
  });
  const watchPool = openPool(url, config, {
    connections: watchConnections,
    bodyTimeout: 0,
    headersTimeout: 0,
  });
  const bearer = bearerToken(config, options.clock ?? systemClock);

  const outgoing = (request: KubeRequest) => ({
    method: request.method,
    path: prefix + request.path,
    headers: headersOf(request, bearer.read()),
    body: request.body ?? null,
  });

  return {
    async request(request, signal) {
      signal?.throwIfAborted();
      try {
        const { status, headers, body } = await exchangeText(pool, outgoing(request), signal);
        if (status === 401) bearer.expire();
        return { status, ...retryAfter(headers), body };
      } catch (error) {
        throw describeFailure(error, url, config, signal);
      }
    },
    async watch(request, signal) {
      signal.throwIfAborted();
      try {
        const { statusCode, headers, body } = await watchPool.request({ ...outgoing(request), signal });
        if (statusCode === 401) bearer.expire();
        const lines = splitLines(chunksOf(body, url, config, signal));
        return { status: statusCode, ...retryAfter(headers), lines };
      } catch (error) {
        throw describeFailure(error, url, config, signal);
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([pool.destroy(), watchPool.destroy()]);
    },
  };
}

function openPool(url: URL, config: ClusterConfig, options: Pool.Options): Pool {
  const { certificateAuthorityPem, clientCertificate, tlsServerName } = config;
  return new Pool(url.origin, {
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: 55_000,
    ...options,
    connect: {
      timeout: connectTimeoutMs,
      ...(certificateAuthorityPem === undefined ? {} : { ca: certificateAuthorityPem }),
      ...(clientCertificate === undefined
        ? {}
        : { cert: clientCertificate.certificatePem, key: clientCertificate.keyPem }),
      ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
      ...(config.insecureSkipTlsVerify === true ? { rejectUnauthorized: false } : {}),
    },
  });
}

function headersOf(request: KubeRequest, token: string | undefined): Record<string, string> {
  const headers: Record<string, string> = {
    accept: "application/json, */*",
    "user-agent": request.userAgent ?? "keyweir",
  };
  if (request.body !== undefined) headers["content-type"] = request.contentType ?? "application/json";
  if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
  return headers;
}

/** The kubelet replaces a token file long before the token in it expires; once a minute is often enough to look. */
const tokenMaxAgeMs = 60_000;

function bearerToken(config: ClusterConfig, clock: Clock) {
  const { tokenFile } = config;
  let token = config.token;
  let readMs = -Infinity;
  return {
    read(): string | undefined {
      if (tokenFile === undefined || clock.monotonicMs() - readMs < tokenMaxAgeMs) return token;
      readMs = clock.monotonicMs();
      try {
        token = readFileSync(tokenFile, "utf8").trim();
      } catch (error) {
        // While the file is being replaced the last token serves on.
        if (token === undefined) {
          const message = `cannot read the token for the API server from ${tokenFile}: ${messageOf(error)}`;
          throw new KubeError(message, { code: "Unauthorized", cause: error });
        }
      }
      return token;
    },
    /** The server refused the token: it is read again for the next request. */
    expire(): void {
      readMs = -Infinity;
    },
  };
}

function retryAfter(headers: IncomingHttpHeaders): { retryAfterMs?: number } {
  const retryAfterMs = retryAfterMsOf(headers["retry-after"]);
  return retryAfterMs === undefined ? {} : { retryAfterMs };
}

async function* chunksOf(
  body: AsyncIterable<Uint8Array>,
  url: URL,
  config: ClusterConfig,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw describeFailure(error, url, config, signal);
  }
}

/** An abort rejects with its own reason; everything else becomes a {@link KubeError}. */
function describeFailure(
  error: unknown,
  url: URL,
  config: ClusterConfig,
  signal: AbortSignal | undefined,
): unknown {
  if (signal?.aborted === true) return signal.reason;
  if (error instanceof KubeError) return error;
  const code = systemCodeOf(error) ?? "";
  const address = url.host.includes(":") ? url.host : `${url.host}:${url.protocol === "https:" ? 443 : 80}`;
  const cause = { cause: error };
  if (unreachableCodes.has(code)) {
    return new KubeError(
      `cannot reach the API server at ${address} (${code}): check that it runs and that the address in ${config.source} is right`,
      { code: "Unreachable", ...cause },
    );
  }
  if (untrustedCodes.test(code)) {
    return new KubeError(
      `the certificate of the API server at ${address} is not trusted (${code}): check the certificate authority and the host name in ${config.source}`,
      { code: "Untrusted", ...cause },
    );
  }
  // A parser's error carries what it has read, so it goes no further.
  const isNoHttp = error instanceof errors.HTTPParserError;
  if (isNoHttp || foreignCodes.test(code)) {
    return new KubeError(
      `what answers at ${address} is no API server, or not over ${url.protocol.slice(0, -1)}: check the address in ${config.source}`,
      { code: "Unreachable", ...(isNoHttp ? {} : cause) },
    );
  }
  if (code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_BODY_TIMEOUT") {
    return new KubeError(`the API server at ${address} stopped answering`, { code: "TimedOut", ...cause });
  }
  return new KubeError(`the connection to the API server at ${address} broke: ${messageOf(error)}`, {
    code: "Disconnected",
    ...cause,
  });
}

const unreachableCodes = new Set([
  "EACCES",
  "EADDRNOTAVAIL",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
]);
/** Codes of OpenSSL's verification (`X509_V_ERR_…` without prefix) and of Node's own check of the host name. */
const untrustedCodes =
  /CERT|ISSUER|SIGNATURE|^ERR_TLS_CERT_ALTNAME_INVALID$|^SELF_SIGNED|^UNABLE_TO_|^INVALID_CA$|^HOSTNAME_MISMATCH$/;
const foreignCodes = /^EPROTO$|^ERR_SSL_WRONG_VERSION_NUMBER$|^ERR_SSL_PACKET_LENGTH_TOO_LONG$/;
