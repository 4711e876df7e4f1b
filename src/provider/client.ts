/**
 * The caller's side of the provider protocol. The controller knows the provider through this file alone: the
 * interface is the same whether the provider runs in this process or behind a unix socket.
 */
import { resolve } from "node:path";
import { credentials, status, type ServiceError } from "@grpc/grpc-js";
import { DeadlineError } from "../core/clock.ts";
import { readErrorMetadata } from "./error-metadata.ts";
import { CSIDriverProviderClient, type MountRequest, type MountResponse } from "./gen/service.ts";
import { messageLimitBytes, noChannelz } from "./channel-options.ts";
import { ProviderCallError } from "./provider-call-error.ts";

export type { MountRequest, MountResponse, ObjectResult } from "./gen/service.ts";
export { ProviderCallError } from "./provider-call-error.ts";

/** Something that answers Mount. Rejects with {@link ProviderCallError} only. */
export interface ProviderClient {
  /** Stops waiting, with an error, as soon as `signal` aborts. Without a signal it waits for ever. */
  mount(request: MountRequest, signal?: AbortSignal): Promise<MountResponse>;
}

/**
 * A client of the provider that listens on the socket `path`. It connects at the first call, re-connects by itself after
 * the provider was restarted, and fails at once (UNAVAILABLE) while nobody listens. Disposed, it takes no new calls.
 */
export function connectProvider(path: string): ProviderClient & Disposable {
  const socketPath = resolve(path);
  const client = new CSIDriverProviderClient(`unix://${socketPath}`, credentials.createInsecure(), {
    "grpc.max_receive_message_length": messageLimitBytes,
    ...noChannelz,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.min_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 5_000,
  });
  return {
    mount: (request, signal) =>
      new Promise((done, reject) => {
        if (signal?.aborted) return reject(describeAbort(signal.reason, socketPath));
        const onAbort = () => {
          call.cancel();
          reject(describeAbort(signal?.reason, socketPath));
        };
        const call = client.mount(request, (error, response) => {
          signal?.removeEventListener("abort", onAbort);
          if (error === null) done(response);
          else reject(describeFailure(error, socketPath));
        });
        signal?.addEventListener("abort", onAbort, { once: true });
      }),
    [Symbol.dispose]: () => client.close(),
  };
}

function describeAbort(reason: unknown, socketPath: string): ProviderCallError {
  if (reason instanceof DeadlineError) {
    return new ProviderCallError(
      `The provider at unix://${socketPath} gave no answer within ${reason.timeoutMs} ms. Look at its log, and at its health probe.`,
      { code: "DEADLINE_EXCEEDED", retryable: true, cause: reason },
    );
  }
  return new ProviderCallError(`The call to the provider at unix://${socketPath} was cancelled.`, {
    code: "CANCELLED",
    retryable: true,
    cause: reason,
  });
}

/** Statuses that the same call will meet again. */
const finalStatuses: ReadonlySet<status> = new Set([
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.PERMISSION_DENIED,
  status.FAILED_PRECONDITION,
  status.OUT_OF_RANGE,
  status.RESOURCE_EXHAUSTED,
  status.UNIMPLEMENTED,
  status.UNAUTHENTICATED,
]);

function describeFailure(error: ServiceError, socketPath: string): ProviderCallError {
  const fields = readErrorMetadata(error.metadata);
  if (fields !== undefined) return new ProviderCallError(error.details, { ...fields, cause: error });
  return new ProviderCallError(messageOfStatus(error, socketPath), {
    code: status[error.code] ?? "UNKNOWN",
    retryable: !finalStatuses.has(error.code),
    cause: error,
  });
}

function messageOfStatus(error: ServiceError, socketPath: string): string {
  if (error.code !== status.UNAVAILABLE) return error.details;
  const socket = `unix://${socketPath}`;
  if (error.details.includes("ENOENT")) {
    return `No provider listens at ${socket}: there is no such socket. Start the provider, or correct the path.`;
  }
  if (error.details.includes("ECONNREFUSED")) {
    return `No provider listens at ${socket}: the socket is left over from one that ended. Start the provider.`;
  }
  if (error.details.includes("EACCES")) {
    return `Not allowed to open ${socket}: provider and controller must run as the same user.`;
  }
  return `The provider at ${socket} is not available: ${error.details}`;
}
