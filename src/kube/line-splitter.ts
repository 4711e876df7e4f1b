/**
 * Cuts a stream of bytes into lines of text, wherever its chunks end. Empty lines are dropped; what follows the last
 * line end is yielded as a line too, so that a stream that broke off inside a line shows as a line that does not parse.
 */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let pending: Uint8Array[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      const tail = chunk.subarray(start, end);
      const line = pending.length === 0 ? textOf(tail) : textOf(Buffer.concat([...pending, tail]));
      pending = [];
      start = end + 1;
      if (line !== "") yield line;
    }
    if (start < chunk.length) pending.push(start === 0 ? chunk : chunk.subarray(start));
  }
  if (pending.length > 0) yield textOf(Buffer.concat(pending));
}

const lineFeed = 10;

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}
