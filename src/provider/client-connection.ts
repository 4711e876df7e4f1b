import { createServer, type Server, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { AuthorityMender } from "./authority-mender.ts";

/** Where clients connect; each connection is handed on when its first bytes have told what kind of client it is. */
export interface ClientListener {
  /** Not listening yet. */
  readonly server: Server;
  /** Takes no more connections and ends those that have not spoken yet. */
  close(): void;
}

/**
 * Keyweir's own client is handed on as it is; what any other client sends is mended ({@link AuthorityMender}), which
 * costs a third of the calls per second. An own client that is not recognised is slower, not wrong.
 */
export function createClientListener(accept: (connection: Duplex) => void): ClientListener {
  const silent = new Set<Socket>();
  const server = createServer((socket) => {
    silent.add(socket);
    socket.once("close", () => silent.delete(socket)).on("error", () => socket.destroy());
    greet(socket, (connection) => {
      silent.delete(socket);
      accept(connection);
    });
  });
  return {
    server,
    close() {
      server.close();
      for (const socket of silent) socket.destroy();
    },
  };
}

/** What `@grpc/grpc-js` sends first: the preface of HTTP/2, and settings that hold the initial window size alone. */
const ownGreeting = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  Buffer.from("00000604000000000000040000ffff", "hex"),
]);

function greet(socket: Socket, accept: (connection: Duplex) => void): void {
  let greeting: Buffer = Buffer.alloc(0);
  const read = () => {
    greeting = Buffer.concat([greeting, (socket.read() as Buffer | null) ?? Buffer.alloc(0)]);
    const known = greeting.subarray(0, ownGreeting.length);
    const isOwn = ownGreeting.subarray(0, known.length).equals(known);
    if (isOwn && known.length < ownGreeting.length) return;
    socket.off("readable", read);
    socket.unshift(greeting);
    accept(isOwn ? socket : mendedConnection(socket));
  };
  socket.on("readable", read);
}

function mendedConnection(socket: Socket): Duplex {
  const mender = new AuthorityMender();
  const connection = new Duplex({
    read: () => void socket.resume(),
    write: (chunk: Buffer, _encoding, done) => void socket.write(chunk, done),
    final: (done) => void socket.end(done),
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  const pass = (bytes: Buffer) => bytes.length === 0 || connection.push(bytes) || socket.pause();
  socket.on("data", (chunk: Buffer) => pass(mender.push(chunk)));
  socket.on("end", () => {
    pass(mender.end());
    connection.push(null);
  });
  socket.on("close", () => connection.destroy());
  return connection;
}
