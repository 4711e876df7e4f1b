/**
 * Unary gRPC calls that cost their caller next to nothing, so that what is measured is the server: requests are encoded
 * before, and frames of HTTP/2 (RFC 9113) are written and read as they are. `@grpc/grpc-js` takes longer for a call than
 * the provider for its answer. An answer larger than the initial window would wait for ever.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { assert } from "../src/core/assert.ts";

/** The frames of a call but for the number of its stream. Made by {@link encodeCall}, sent as often as wanted. */
export interface EncodedCall {
  readonly headers: Buffer;
  readonly message: Buffer;
}

interface OpenCall {
  readonly chunks: Buffer[];
  resolve(message: Buffer): void;
  reject(error: Error): void;
}

/** RFC 9113, 6. */
const frameTypes = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8 };
const flags = { none: 0, acknowledge: 0x1, endStream: 0x1, endHeaders: 0x4 };
const frameHeadBytes = 9;
const maxPayloadBytes = 16_384;
/** The initial window: so much may come of one answer, and of all together until we give leave for more. */
const windowBytes = 65_535;
/** A byte that tells whether the message is compressed, and its length. */
const messageHeadBytes = 5;

/**
 * Fields of the static table (RFC 7541, appendix A): method and scheme with their values, the others before a value.
 * None is to be kept for later requests.
 */
const fields = {
  post: Buffer.of(0x83),
  http: Buffer.of(0x86),
  path: Buffer.of(0x04),
  authority: Buffer.of(0x01),
  contentType: Buffer.of(0x0f, 0x10),
  newName: Buffer.of(0x00),
};

/** `path` is `/service/Method`; `message` is in Protocol Buffers. Throws when it does not fit into a frame. */
export function encodeCall(path: string, message: Uint8Array): EncodedCall {
  const messageHead = Buffer.alloc(messageHeadBytes);
  messageHead.writeUInt32BE(message.length, 1);
  const payload = Buffer.concat([messageHead, message]);
  assert(payload.length <= maxPayloadBytes, "a request fits into one frame");
  const headers = Buffer.concat([
    fields.post,
    fields.http,
    Buffer.concat([fields.path, encodeText(path)]),
    Buffer.concat([fields.authority, encodeText("localhost")]),
    Buffer.concat([fields.contentType, encodeText("application/grpc")]),
    Buffer.concat([fields.newName, encodeText("te"), encodeText("trailers")]),
  ]);
  return { headers, message: payload };
}

function encodeText(text: string): Buffer {
  assert(text.length < 127, "the length fits into one byte");
  return Buffer.concat([Buffer.of(text.length), Buffer.from(text)]);
}

function encodeFrame(type: number, flag: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(frameHeadBytes);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flag;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function encodeNumber(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}

/** One connection. It greets as our own client does: the provider treats others differently (client-connection.ts). */
export class LoadClient implements Disposable {
  readonly #socket: Socket;
  readonly #open = new Map<number, OpenCall>();
  #nextStream = 1;
  #rest: Buffer = Buffer.alloc(0);
  #unreportedBytes = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("close", () => {
      for (const call of this.#open.values()) call.reject(new Error("the server closed the connection"));
    });
    const initialWindow = Buffer.concat([Buffer.from([0, 4]), encodeNumber(windowBytes)]);
    socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    socket.write(encodeFrame(frameTypes.settings, flags.none, 0, initialWindow));
  }

  /** Rejects when nobody listens. */
  static async connect(socketPath: string): Promise<LoadClient> {
    const socket = connect(socketPath);
    await once(socket, "connect");
    return new LoadClient(socket);
  }

  /** Resolves with the encoded message of the answer. Rejects when there is none: the call failed. */
  call({ headers, message }: EncodedCall): Promise<Buffer> {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    const frames = [
      encodeFrame(frameTypes.headers, flags.endHeaders, stream, headers),
      encodeFrame(frameTypes.data, flags.endStream, stream, message),
    ];
    return new Promise((resolve, reject) => {
      this.#open.set(stream, { chunks: [], resolve, reject });
      this.#socket.write(Buffer.concat(frames));
    });
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    const bytes = Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= frameHeadBytes) {
      const payloadStart = at + frameHeadBytes;
      const end = payloadStart + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      this.#take(
        bytes[at + 3]!,
        bytes[at + 4]!,
        bytes.readUInt32BE(at + 5),
        bytes.subarray(payloadStart, end),
      );
      at = end;
    }
    this.#rest = bytes.subarray(at);
  }

  #take(type: number, flag: number, stream: number, payload: Buffer): void {
    switch (type) {
      case frameTypes.data:
        this.#open.get(stream)?.chunks.push(payload);
        this.#report(payload.length);
        if ((flag & flags.endStream) !== 0) this.#end(stream);
        break;
      case frameTypes.headers:
        if ((flag & flags.endStream) !== 0) this.#end(stream);
        break;
      case frameTypes.reset:
        this.#end(stream);
        break;
      case frameTypes.settings:
      case frameTypes.ping:
        if ((flag & flags.acknowledge) === 0) this.#acknowledge(type, payload);
        break;
      case frameTypes.goAway:
        this.#socket.destroy();
        break;
      default:
      // What is left tells nothing that a caller needs.
    }
  }

  #acknowledge(type: number, payload: Buffer): void {
    const echo = type === frameTypes.ping ? payload : Buffer.alloc(0);
    this.#socket.write(encodeFrame(type, flags.acknowledge, 0, echo));
  }

  /** Gives leave to send as much again. */
  #report(bytes: number): void {
    this.#unreportedBytes += bytes;
    if (this.#unreportedBytes < windowBytes / 2) return;
    this.#socket.write(
      encodeFrame(frameTypes.windowUpdate, flags.none, 0, encodeNumber(this.#unreportedBytes)),
    );
    this.#unreportedBytes = 0;
  }

  /** The status is in trailers whose compression is not undone here, but a unary call that failed has no message. */
  #end(stream: number): void {
    const call = this.#open.get(stream);
    if (call === undefined) return;
    this.#open.delete(stream);
    const answer = Buffer.concat(call.chunks);
    if (answer.length >= messageHeadBytes) call.resolve(answer.subarray(messageHeadBytes));
    else call.reject(new Error("the server refused the call"));
  }
}
