import { KubeError } from "./kube-error.ts";

/** Longer than any event: an object has at most some 3 MiB. */
const lineLimitBytes = 64 * 1024 * 1024;

/**
 * Cuts a stream of bytes into lines of text, wherever its chunks end. Empty lines are dropped; what follows the last
 * line end is yielded as a line too, so that a stream that broke off inside a line shows as a line that does not parse.
 * Throws a {@link KubeError} at a line of more than 64 MiB.
 */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      const tail = chunk.subarray(start, end);
      const line = pending.length === 0 ? textOf(tail) : textOf(Buffer.concat([...pending, tail]));
      pending = [];
      pendingBytes = 0;
      start = end + 1;
      if (line !== "") yield line;
    }
    if (start === chunk.length) continue;
    pending.push(start === 0 ? chunk : chunk.subarray(start));
    pendingBytes += chunk.length - start;
    if (pendingBytes > lineLimitBytes) {
      throw new KubeError("the API server sends a line without end", { code: "Malformed" });
    }
  }
  if (pending.length > 0) yield textOf(Buffer.concat(pending));
}

const lineFeed = 10;

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}
