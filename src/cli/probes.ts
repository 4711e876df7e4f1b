import type { RequestListener, ServerResponse } from "node:http";
import { writeAnswer } from "../core/listen.ts";

export interface Probes {
  /** Whether the process does its work; `/readyz`. */
  readonly isReady: () => boolean | Promise<boolean>;
  /** `/metrics`; absent when there are none. */
  readonly metricsText?: () => Promise<string>;
}

/** The HTTP server of a long-running command: `/healthz`, `/readyz` and `/metrics`. A probe that fails is a 500. */
export function probeListener(probes: Probes): RequestListener {
  return (incoming, outgoing) => {
    const [path] = (incoming.url ?? "/").split("?", 1);
    answer(probes, path, outgoing).catch(() => write(outgoing, 500, "failed\n"));
  };
}

async function answer(
  { isReady, metricsText }: Probes,
  path: string | undefined,
  outgoing: ServerResponse,
): Promise<void> {
  switch (path) {
    case "/healthz":
      return write(outgoing, 200, "ok\n");
    case "/readyz":
      return (await isReady()) ? write(outgoing, 200, "ok\n") : write(outgoing, 503, "not ready\n");
    case "/metrics":
      if (metricsText === undefined) break;
      return write(outgoing, 200, await metricsText(), "text/plain; version=0.0.4; charset=utf-8");
  }
  write(outgoing, 404, "not found\n");
}

function write(
  outgoing: ServerResponse,
  status: number,
  body: string,
  contentType = "text/plain; charset=utf-8",
): void {
  writeAnswer(outgoing, status, { "content-type": contentType }, body);
}
