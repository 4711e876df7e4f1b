/**
 * One HTTP exchange in the form that the sandbox's core works on: plain values, so that the in-process handler and the
 * socket server share it, and the latter does without `Request` and `Response`.
 */
export interface WireRequest {
  readonly method: string;
  /** Path as sent, still percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Empty for GET and HEAD. Longer than {@link bodyLimitBytes} is refused. */
  readonly body: Buffer;
  /** A header by its lower-case name. */
  header(name: string): string | undefined;
}

export type WireResponse = TextResponse | WatchResponse;

/** A whole answer. */
export interface TextResponse {
  readonly kind: "text";
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string;
}

/** A stream of events. Its head is 200 with {@link jsonType}. */
export interface WatchResponse {
  readonly kind: "watch";
  /** Writes what is there now, and all that comes later until the returned function is called. */
  readonly open: (sink: WatchSink) => () => void;
}

/** Where the events of one watch go. After `end` or `reset` it gets no more. */
export interface WatchSink {
  /** Takes whole lines; never blocks. */
  write(lines: string): void;
  /** Ends the stream in good order. */
  end(): void;
  /** Breaks it off as a lost connection would. */
  reset(): void;
  /** Whether the client has left so much unread that it is to be cut off. */
  isBehind(): boolean;
}

/** The media type of objects, lists, errors and watches. */
export const jsonType = "application/json";

/** The largest body that the real server takes. */
export const bodyLimitBytes = 3 * 1024 * 1024;

/** The parameters of a query without its question mark. */
export function parseQuery(text: string): URLSearchParams {
  return text === "" ? noQuery : new URLSearchParams(text);
}

const noQuery: URLSearchParams = new URLSearchParams();
