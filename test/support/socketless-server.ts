import { createServer, type RequestListener } from "node:http";
import { duplexPair, type Duplex } from "node:stream";
import { afterThisTurn } from "../../src/core/clock.ts";
import type { ConnectListener } from "../../src/core/listen.ts";

/** A connection to a server that listens nowhere. */
export interface SocketlessConnection {
  readonly client: Duplex;
  /** What the server sent so far. */
  readonly received: () => string;
  /** Whether the server's side is gone. */
  readonly isClosed: () => boolean;
}

/** Connects to a node server of these listeners, without a socket. */
export function connectWithoutSocket(
  onRequest: RequestListener,
  onConnect?: ConnectListener,
): SocketlessConnection {
  const [client, side] = duplexPair();
  let text = "";
  client.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const server = createServer(onRequest);
  if (onConnect !== undefined) server.on("connect", onConnect);
  server.emit("connection", side);
  return { client, received: () => text, isClosed: () => side.destroyed };
}

/** Lets `count` turns of the event loop pass: enough for what was written to be answered. */
export async function turns(count = 10): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>(afterThisTurn);
}
