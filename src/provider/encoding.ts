import { ObjectError } from "./fetch-error.ts";
import type { ObjectSpec } from "./object-spec.ts";

/** Turns a secret's text into bytes. Wrong text is a `Conversion` error that tells its length and the first bad place. */
export function decodeText(text: string, encoding: ObjectSpec["encoding"]): Buffer {
  switch (encoding) {
    case "utf-8":
      return Buffer.from(text, "utf8");
    case "base64":
      return decodeBase64(text);
    case "hex":
      return decodeHex(text);
  }
}

/** Standard base64 with padding; line ends are skipped, as Go does. */
export function decodeBase64(text: string): Buffer {
  const compact = text.replace(/[\r\n]+/g, "");
  if (compact.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(compact))
    return Buffer.from(compact, "base64");
  const wrongIndex = text.search(/[^A-Za-z0-9+/=\r\n]/);
  const problem =
    wrongIndex < 0
      ? "its length or its padding is wrong"
      : `character ${wrongIndex + 1} does not belong to it`;
  throw new ObjectError(
    "Conversion",
    `the value is not base64 (${text.length} characters, ${problem}): correct the value, or remove objectEncoding`,
  );
}

function decodeHex(text: string): Buffer {
  const bytes = Buffer.from(text, "hex");
  if (bytes.length * 2 === text.length) return bytes;
  const wrongIndex = text.search(/[^0-9A-Fa-f]/);
  const problem =
    wrongIndex >= 0 ? `character ${wrongIndex + 1} does not belong to it` : "the number of digits is odd";
  throw new ObjectError(
    "Conversion",
    `the value is not hexadecimal (${text.length} characters, ${problem}): correct the value, or remove objectEncoding`,
  );
}
