import { ObjectError } from "./fetch-error.ts";

/** One block of a PEM text (RFC 7468). */
export interface PemBlock {
  /** `CERTIFICATE`, `PRIVATE KEY` … */
  readonly label: string;
  /** The block as it stands in the text, from BEGIN to END, without a line end. */
  readonly text: string;
  readonly der: Buffer;
}

/** Whether a text looks like PEM. */
export function isPem(text: string): boolean {
  return text.includes("-----BEGIN ");
}

/**
 * The blocks of `text` in time linear in its length; what stands between them is skipped. A block without end or
 * with something that is not base64 is a `Conversion` error that tells its position.
 */
export function parsePem(text: string): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  for (let start = text.indexOf(begin); start >= 0;) {
    const labelEnd = text.indexOf(dashes, start + begin.length);
    const label = labelEnd < 0 ? "" : text.slice(start + begin.length, labelEnd);
    if (labelEnd < 0 || label.length > 64) throw damagedBlock(blocks.length, "has no label");
    const ending = `-----END ${label}${dashes}`;
    const end = text.indexOf(ending, labelEnd);
    if (end < 0) throw damagedBlock(blocks.length, "has no end");
    const der = decodeBody(text.slice(labelEnd + dashes.length, end));
    if (der === undefined) throw damagedBlock(blocks.length, "is not base64");
    blocks.push({ label, text: text.slice(start, end + ending.length), der });
    start = text.indexOf(begin, end + ending.length);
  }
  return blocks;
}

/** A block with lines of 64 characters, and a line end after it. */
export function encodePem(label: string, der: Buffer): string {
  const base64 = der.toString("base64");
  const lines: string[] = [];
  for (let index = 0; index < base64.length; index += 64) lines.push(base64.slice(index, index + 64));
  return `${begin}${label}${dashes}\n${lines.join("\n")}\n-----END ${label}${dashes}\n`;
}

const begin = "-----BEGIN ";
const dashes = "-----";

/** Headers, as encrypted keys have them, end with an empty line. */
function decodeBody(body: string): Buffer | undefined {
  const headerEnd = body.includes(":") ? body.search(/\n\r?\n/) : -1;
  const compact = body.slice(headerEnd < 0 ? 0 : headerEnd).replace(/\s+/g, "");
  return /^[A-Za-z0-9+/]+={0,2}$/.test(compact) ? Buffer.from(compact, "base64") : undefined;
}

function damagedBlock(index: number, problem: string): ObjectError {
  return new ObjectError(
    "Conversion",
    `block ${index + 1} of the PEM text ${problem}: import the certificate into the vault again`,
  );
}
