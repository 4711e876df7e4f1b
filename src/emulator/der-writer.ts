/** Writes ASN.1 values in DER: just what certificates, requests and PKCS#12 files are made of. */
export const der = {
  sequence: (...items: readonly Uint8Array[]) => tagged(0x30, ...items),
  set: (...items: readonly Uint8Array[]) => tagged(0x31, ...items),
  /** A number, or the big-endian bytes of a positive one. */
  integer: (value: number | Uint8Array) => tagged(0x02, positiveBytes(value)),
  boolean: (value: boolean) => tagged(0x01, Uint8Array.of(value ? 0xff : 0)),
  null: () => tagged(0x05),
  /** `bytes` with so many unused bits at the end. */
  bitString: (bytes: Uint8Array, unusedBits = 0) => tagged(0x03, Uint8Array.of(unusedBits), bytes),
  octetString: (bytes: Uint8Array) => tagged(0x04, bytes),
  utf8String: (text: string) => tagged(0x0c, Buffer.from(text)),
  printableString: (text: string) => tagged(0x13, Buffer.from(text)),
  ia5String: (text: string) => tagged(0x16, Buffer.from(text)),
  /** UTCTime up to 2049, GeneralizedTime after it (RFC 5280 4.1.2.5). */
  time: (ms: number) => {
    const text = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
    return text < "2050" ? tagged(0x17, Buffer.from(text.slice(2))) : tagged(0x18, Buffer.from(text));
  },
  oid: (dotted: string) => tagged(0x06, oidBytes(dotted)),
  /** A context-specific tag around whole values. */
  explicit: (tag: number, ...items: readonly Uint8Array[]) => tagged(0xa0 | tag, ...items),
  /** A context-specific tag in place of a primitive value's own. */
  implicit: (tag: number, bytes: Uint8Array) => tagged(0x80 | tag, bytes),
} as const;

function tagged(tag: number, ...items: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(items);
  return Buffer.concat([Uint8Array.of(tag, ...lengthBytes(content.length)), content]);
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) bytes.unshift(rest & 0xff);
  return [0x80 | bytes.length, ...bytes];
}

function positiveBytes(value: number | Uint8Array): Uint8Array {
  if (typeof value === "number") {
    const hex = value.toString(16);
    return positiveBytes(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex"));
  }
  let start = 0;
  while (start < value.length - 1 && value[start] === 0) start++;
  const trimmed = value.subarray(start);
  return trimmed[0]! >= 0x80 ? Buffer.concat([Uint8Array.of(0), trimmed]) : trimmed;
}

function oidBytes(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const digits = [part & 0x7f];
    for (let left = Math.floor(part / 128); left > 0; left = Math.floor(left / 128)) {
      digits.unshift((left & 0x7f) | 0x80);
    }
    bytes.push(...digits);
  }
  return Uint8Array.from(bytes);
}
