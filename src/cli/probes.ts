import type { HttpHandler } from "../core/http.ts";

export interface Probes {
  /** Whether the process does its work; `/readyz`. */
  readonly isReady: () => boolean | Promise<boolean>;
  /** `/metrics`; absent when there are none. */
  readonly metricsText?: () => Promise<string>;
}

/** The HTTP server of a long-running command: `/healthz`, `/readyz` and `/metrics`. */
export function probeHandler({ isReady, metricsText }: Probes): HttpHandler {
  return async (request) => {
    switch (new URL(request.url).pathname) {
      case "/healthz":
        return new Response("ok\n");
      case "/readyz":
        return (await isReady()) ? new Response("ok\n") : new Response("not ready\n", { status: 503 });
      case "/metrics":
        if (metricsText === undefined) break;
        return new Response(await metricsText(), {
          headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
        });
    }
    return new Response("not found\n", { status: 404 });
  };
}
