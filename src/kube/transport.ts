/**
 * The seam between Keyweir and a Kubernetes API server. Live it is a pool of keep-alive connections
 * (http-transport.ts), in tests and simulations the sandbox's handler (handler-transport.ts): no socket, virtual time.
 */
export interface KubeTransport {
  /** One exchange with the whole body. Any HTTP status resolves; only a broken connection or an abort rejects. */
  request(request: KubeRequest, signal?: AbortSignal): Promise<KubeResponse>;
  /**
   * Opens a watch. Resolves with the status as soon as the headers are there; `lines` yields one JSON text a line,
   * ends when the server closes the stream, throws when the connection breaks or `signal` aborts.
   */
  watch(request: KubeRequest, signal: AbortSignal): Promise<KubeWatch>;
}

export interface KubeRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path with its query, without host: `/api/v1/namespaces/shop/secrets?dryRun=All`. */
  readonly path: string;
  /** Of the body; `application/json` when absent. */
  readonly contentType?: string;
  /** JSON text. */
  readonly body?: string;
  /** Who asks, for the server's audit log; `keyweir` when absent. */
  readonly userAgent?: string;
}

export interface KubeResponse {
  readonly status: number;
  /** From the Retry-After header, when there is one. */
  readonly retryAfterMs?: number;
  readonly body: string;
}

/** An open watch, or the answer that refused it: then `lines` is the body of the refusal. */
export interface KubeWatch {
  readonly status: number;
  readonly retryAfterMs?: number;
  readonly lines: AsyncIterable<string>;
}
