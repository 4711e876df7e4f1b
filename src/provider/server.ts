import { lstatSync } from "node:fs";
import type { Server as SocketServer } from "node:net";
import { resolve } from "node:path";
import { Server, ServerCredentials, status, type handleUnaryCall, type sendUnaryData } from "@grpc/grpc-js";
import { assert } from "../core/assert.ts";
import { systemClock, type Clock } from "../core/clock.ts";
import { systemCodeOf, UserError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { ProviderClient } from "./client.ts";
import { writeErrorMetadata } from "./error-metadata.ts";
import {
  CSIDriverProviderService,
  type MountRequest,
  type MountResponse,
  type VersionRequest,
  type VersionResponse,
} from "./gen/service.ts";
import { answerHealth, healthService } from "./health.ts";
import { messageLimitBytes, noChannelz } from "./channel-options.ts";
import { ProviderCallError } from "./provider-call-error.ts";
import { createClientListener } from "./client-connection.ts";
import { claimSocketPath, releaseSocketPath } from "./socket-file.ts";

export interface ProviderServerOptions {
  readonly service: ProviderClient;
  /** Its folder must exist. */
  readonly socketPath: string;
  readonly logger: Logger;
  /** What `Version` tells as the runtime's version. */
  readonly version?: string;
  readonly clock?: Clock;
}

export interface ProviderServer extends AsyncDisposable {
  /** Takes no new calls, lets open ones end (at most 3 s), removes the socket. */
  close(): Promise<void>;
}

/**
 * Serves the provider protocol and grpc.health.v1 on a unix socket that only this user may open. A socket left over
 * from a provider that ended is replaced; throws a {@link UserError} when a live one listens there.
 */
export async function startProviderServer(options: ProviderServerOptions): Promise<ProviderServer> {
  const { service, logger, version = "unknown", clock = systemClock } = options;
  const socketPath = resolve(options.socketPath);
  await claimSocketPath(socketPath);
  const server = new Server({
    "grpc.max_receive_message_length": messageLimitBytes,
    "grpc.max_send_message_length": messageLimitBytes + sendMarginBytes,
    "grpc.max_concurrent_streams": maxConcurrentCalls,
    ...noChannelz,
  });
  server.addService(CSIDriverProviderService, {
    version: answerVersion(version),
    mount: answerMount(service),
  });
  server.addService(healthService, { check: answerHealth(["v1alpha1.CSIDriverProvider"]) });
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const listener = createClientListener((connection) => injector.injectConnection(connection));
  await bind(listener.server, socketPath);
  listener.server.on("error", (error) =>
    logger.warn("provider could not take a connection", { code: systemCodeOf(error) ?? "unknown" }),
  );
  const { ino } = lstatSync(socketPath);
  logger.info("provider listens", { socketPath });
  const close = async () => {
    listener.close();
    await shutDown(server, clock);
    releaseSocketPath(socketPath, ino);
  };
  return { close, [Symbol.asyncDispose]: close };
}

/** Calls on one connection beyond this wait at the client. */
const maxConcurrentCalls = 1_000;

/** Answers are limited by the service, which can say what to do; the library's own limit is a second net. */
const sendMarginBytes = 64 * 1024;

const shutDownGraceMs = 3_000;

const ownerOnly = 0o177;

async function bind(listener: SocketServer, socketPath: string): Promise<void> {
  const previous = process.umask(ownerOnly);
  try {
    await new Promise<void>((done, reject) => {
      listener.once("error", reject).listen(socketPath, () => {
        listener.off("error", reject);
        done();
      });
    });
  } catch (error) {
    throw new UserError(`The provider cannot listen on ${socketPath}.`, "Give another path.", {
      cause: error,
    });
  } finally {
    process.umask(previous);
  }
}

function shutDown(server: Server, clock: Clock): Promise<void> {
  return new Promise((done) => {
    const timer = clock.setTimer(shutDownGraceMs, () => server.forceShutdown());
    server.tryShutdown(() => {
      timer[Symbol.dispose]();
      done();
    });
  });
}

function answerVersion(version: string): handleUnaryCall<VersionRequest, VersionResponse> {
  return (_call, callback) =>
    callback(null, { version: "v1alpha1", runtimeName: "keyweir", runtimeVersion: version });
}

function answerMount(service: ProviderClient): handleUnaryCall<MountRequest, MountResponse> {
  return (call, callback) => {
    // Node keeps a call for seconds after its end (ADR 0009); so that it does not keep tokens and all that the Mount came
    // across, too, both are let go with the answer. "cancelled" is also emitted when a call that was answered closes.
    let controller: AbortController | undefined = new AbortController();
    call.once("cancelled", () => controller?.abort());
    void answer(service, call.request, controller.signal, (...result) => {
      controller = undefined;
      Object.assign(call.request, { attributes: "", secrets: "" });
      callback(...result);
    });
  };
}

/** Errors go out as the stock provider's do, UNKNOWN with a text; our own client finds the rest in the trailer. */
async function answer(
  service: ProviderClient,
  request: MountRequest,
  signal: AbortSignal,
  callback: sendUnaryData<MountResponse>,
): Promise<void> {
  let response: MountResponse;
  try {
    response = await service.mount(request, signal);
  } catch (error) {
    assert(error instanceof ProviderCallError, "a provider service rejects with ProviderCallError only");
    const details =
      error.message.length > detailsLimit ? `${error.message.slice(0, detailsLimit)} …` : error.message;
    callback({ code: status.UNKNOWN, details, metadata: writeErrorMetadata(error) });
    return;
  }
  callback(null, response);
}

/** Longer texts do not fit into the trailer, whose size clients limit. */
const detailsLimit = 4_000;
