/**
 * Clients built with grpc-go before 1.57 (the Secrets Store CSI driver up to 1.5) name the path of the socket as
 * `:authority`. A slash is not allowed there, and Node refuses such a request before any of our code sees it. So each
 * slash becomes a hyphen on the way in: in place, and of the same length both as it is and in Huffman's code, so that
 * neither a frame nor the table of the compression (RFC 7541) changes its size.
 */
export class AuthorityMender {
  #skipBytes = prefaceBytes;
  #held: Buffer = Buffer.alloc(0);

  /** Takes the next bytes of the client, which it may change; gives those that can be passed on by now. */
  push(chunk: Buffer): Buffer {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    let at = 0;
    while (at < bytes.length) {
      if (this.#skipBytes > 0) {
        const skipped = Math.min(this.#skipBytes, bytes.length - at);
        this.#skipBytes -= skipped;
        at += skipped;
        continue;
      }
      if (bytes.length - at < frameHeadBytes) break;
      const frameBytes = frameHeadBytes + bytes.readUIntBE(at, 3);
      if (bytes[at + 3] === headersFrame && frameBytes <= heldBytesLimit) {
        if (bytes.length - at < frameBytes) break;
        mendHeaders(bytes.subarray(at + frameHeadBytes, at + frameBytes), bytes[at + 4]!);
      }
      this.#skipBytes = frameBytes;
    }
    this.#held = bytes.subarray(at);
    return bytes.subarray(0, at);
  }

  /** What is left of a frame that was cut off. */
  end(): Buffer {
    return this.#held;
  }
}

/** "PRI * HTTP/2.0" and what follows it (RFC 9113, 3.4). */
const prefaceBytes = 24;
const frameHeadBytes = 9;
const headersFrame = 1;
/** Node refuses longer frames; they are passed on as they are. */
const heldBytesLimit = frameHeadBytes + 16_384;

const paddedFlag = 0x08;
const priorityFlag = 0x20;

/** Frames that continue this one hold nothing to mend: pseudo-headers come first. */
function mendHeaders(payload: Buffer, flags: number): void {
  const isPadded = (flags & paddedFlag) !== 0;
  const start = (isPadded ? 1 : 0) + ((flags & priorityFlag) === 0 ? 0 : 5);
  const end = payload.length - (isPadded ? payload[0]! : 0);
  mendFields(payload.subarray(start, Math.max(start, end)));
}

/** The index of `:authority` in the static table of HPACK. */
const authorityIndex = 1;

/** Walks the fields of a header block (RFC 7541, 6) up to a literal authority; a block that is wrong is left to Node. */
function mendFields(block: Buffer): void {
  let at = 0;
  while (at < block.length) {
    const first = block[at]!;
    const isIndexed = first >= 0x80;
    const isTableSize = !isIndexed && (first & 0xe0) === 0x20;
    const head = readInteger(block, at, isIndexed ? 7 : isTableSize ? 5 : (first & 0x40) === 0 ? 4 : 6);
    at = head.next;
    if (isIndexed || isTableSize) continue;
    if (head.value === 0) at = readString(block, at).next;
    const { text, isHuffman, next } = readString(block, at);
    if (head.value === authorityIndex) {
      if (isHuffman) replaceCodedSlashes(text);
      else replaceSlashes(text);
      return;
    }
    at = next;
  }
}

function readString(block: Buffer, at: number) {
  const { value, next } = readInteger(block, at, 7);
  const end = next + value;
  return { text: block.subarray(next, end), isHuffman: (block[at] ?? 0) >= 0x80, next: end };
}

/** An integer with a prefix of so many bits (RFC 7541, 5.1). Past the end of the block it is what is there. */
function readInteger(block: Buffer, at: number, prefixBits: number) {
  const mask = 2 ** prefixBits - 1;
  let value = (block[at] ?? 0) & mask;
  let next = at + 1;
  if (value < mask) return { value, next };
  for (let scale = 1; next < block.length; scale *= 128) {
    const byte = block[next++]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
  }
  return { value, next };
}

function replaceSlashes(text: Buffer): void {
  for (let at = text.indexOf("/"); at >= 0; at = text.indexOf("/", at)) text[at] = 0x2d;
}

/** How many symbols Huffman's code of HPACK (RFC 7541, appendix B) has of each length, from one bit to 30. */
const symbolsOfLength = "0 0 0 0 10 26 32 6 0 5 3 2 6 2 3 0 0 0 3 8 13 26 29 12 4 15 19 29 0 4"
  .split(" ")
  .map(Number);
const slashCode = 0b011000;
const hyphenCode = 0b010110;
const slashBits = 6;

/** The code is canonical: the number of symbols of each length tells where each symbol ends. */
function replaceCodedSlashes(text: Buffer): void {
  const bitCount = text.length * 8;
  let [code, firstCode, length] = [0, 0, 0];
  for (let bit = 0; bit < bitCount; bit++) {
    code = code * 2 + bitAt(text, bit);
    const count = symbolsOfLength[length++] ?? 0;
    if (code - firstCode < count) {
      if (length === slashBits && code === slashCode) {
        const changed = slashCode ^ hyphenCode;
        for (let back = 0; back < slashBits; back++) {
          if ((changed >> back) % 2 === 1) flipBit(text, bit - back);
        }
      }
      [code, firstCode, length] = [0, 0, 0];
    } else if (length === symbolsOfLength.length) {
      return;
    } else {
      firstCode = (firstCode + count) * 2;
    }
  }
}

function bitAt(text: Buffer, bit: number): number {
  return (text[bit >> 3]! >> (7 - (bit & 7))) & 1;
}

function flipBit(text: Buffer, bit: number): void {
  text[bit >> 3]! ^= 1 << (7 - (bit & 7));
}
