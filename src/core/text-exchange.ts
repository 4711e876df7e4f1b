import type { Dispatcher } from "undici";

/** By name, in lower case; several values of one name as a list. */
export type HeaderValues = Readonly<Record<string, string | string[] | undefined>>;

/** An answer whose body has come to its end. */
export interface TextAnswer {
  readonly status: number;
  readonly headers: HeaderValues;
  /** Read as UTF-8. */
  readonly body: string;
}

/**
 * One HTTP exchange over `dispatcher`. Unlike undici's own `request` it makes no stream for the answer, which would cost
 * as much as the exchange. Rejects with undici's errors, and with the signal's reason as soon as it aborts.
 */
export function exchangeText(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  signal: AbortSignal | undefined,
): Promise<TextAnswer> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason as Error);
    let controller: Dispatcher.DispatchController | undefined;
    let status = 0;
    let headers: HeaderValues = {};
    const chunks: Buffer[] = [];
    const onAbort = () => {
      const reason = signal?.reason as Error;
      controller?.abort(reason);
      reject(reason);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    dispatcher.dispatch(options, {
      onRequestStart(started) {
        controller = started;
        // It was aborted while it waited for a connection.
        if (signal?.aborted === true) started.abort(signal.reason as Error);
      },
      onResponseStart(_controller, statusCode, responseHeaders) {
        status = statusCode;
        headers = responseHeaders;
      },
      onResponseData(_controller, chunk) {
        chunks.push(chunk);
      },
      onResponseEnd() {
        signal?.removeEventListener("abort", onAbort);
        const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
        resolve({ status, headers, body: body.toString() });
      },
      onResponseError(_controller, error) {
        signal?.removeEventListener("abort", onAbort);
        reject(error);
      },
    });
  });
}
