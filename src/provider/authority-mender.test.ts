import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AuthorityMender } from "./authority-mender.ts";

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const emptySettings = "000000040000000000";

/** What comes out of a mender that gets these bytes, cut into pieces of this size. */
function mend(bytes: Buffer, pieceBytes = bytes.length): Buffer {
  const mender = new AuthorityMender();
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    pieces.push(Buffer.from(mender.push(Buffer.from(bytes.subarray(at, at + pieceBytes)))));
  }
  return Buffer.concat([...pieces, mender.end()]);
}

/** A frame of headers (RFC 9113, 6.2). */
function headers(blockHex: string, flags = 0x04): string {
  const length = (blockHex.length / 2).toString(16).padStart(6, "0");
  return `${length}01${flags.toString(16).padStart(2, "0")}00000001${blockHex}`;
}

const afterPreface = (...hex: readonly string[]) =>
  Buffer.concat([preface, Buffer.from(hex.join(""), "hex")]);

/** One field after the authority; its slash stays. */
const contentType = "5f8b1d75d0620d263d4c4d6564";

describe("the first request of the Secrets Store CSI driver 1.5, recorded", () => {
  const start = `${emptySettings}0000000401000000000000660104000000018386459a63b84745738c2bdedd92fd86ee5b35d87ee690b631c4b620c7ab`;
  const end =
    "7a8b9acac8b4c7602bb6e2ecff40027465864d833505b11f40899acac8b24d494f6a7f8713efbed3220dbf00000f000100000001000000000a0a087631616c70686131";
  const sent = afterPreface(start, "418e6134d6c57d581fbb6c2ae8393aff", contentType, end);
  /** The authority by Go's own codec: /tmp/pk/azure.sock, then -tmp-pk-azure.sock. */
  const expected = afterPreface(start, "418e5934d6b57d561fbb6c2ae8393aff", contentType, end);

  test("keeps everything but the slashes of its authority", () => {
    expect(mend(sent).toString("hex")).toBe(expected.toString("hex"));
  });

  test("is the same however the socket cuts it", () => {
    for (let pieceBytes = 1; pieceBytes < sent.length; pieceBytes++) {
      expect(mend(sent, pieceBytes).equals(expected), `pieces of ${pieceBytes}`).toBe(true);
    }
  });
});

/** A slash, then each time a symbol of another length in Huffman's code, by Go's codec; and with hyphens. */
const codedSlashes =
  "63ff0c7fffd863fffff898ffffea63ffffffc61463f863fe98f863fd30062e31fff18fffe0c7ff8c7fff331fffe931fffdc63ffffe063ffffd8c7ffffde63f";
const codedHyphens =
  "5bff0b7fffd85bfffff896ffffea5bffffffc5945bf85bfe96f85bfd2c05ae2dfff16fffe0b7ff8b7fff32dfffe92dfffdc5bffffe05bffffd8b7ffffde5bf";
const plain = (text: string) =>
  `${text.length.toString(16).padStart(2, "0")}${Buffer.from(text).toString("hex")}`;

test.each([
  [
    "Huffman's code with symbols of every length",
    headers(`41bf${codedSlashes}`),
    headers(`41bf${codedHyphens}`),
  ],
  ["plain text", headers(`41${plain("/a/b")}`), headers(`41${plain("-a-b")}`)],
  ["a field that is not kept in the table", headers(`01${plain("/a")}`), headers(`01${plain("-a")}`)],
  ["a field that must never be kept", headers(`11${plain("/a")}`), headers(`11${plain("-a")}`)],
  [
    "a frame with padding and priority",
    headers(`02000000000041${plain("/a")}2f2f`, 0x2c),
    headers(`02000000000041${plain("-a")}2f2f`, 0x2c),
  ],
  [
    "a field behind indexed ones, a path, and a change of the table",
    headers(`3fe11f838645${plain("/v1/Mount")}41${plain("/a")}`),
    headers(`3fe11f838645${plain("/v1/Mount")}41${plain("-a")}`),
  ],
  [
    "a later request of the same connection",
    `${headers(`8341${plain("/a")}`)}${headers(`83be0f0d${plain("/b")}`)}${headers(`8341${plain("/c")}`)}`,
    `${headers(`8341${plain("-a")}`)}${headers(`83be0f0d${plain("/b")}`)}${headers(`8341${plain("-c")}`)}`,
  ],
])("mends %s", (_what, sent, expected) => {
  expect(mend(afterPreface(emptySettings, sent)).toString("hex")).toBe(
    afterPreface(emptySettings, expected).toString("hex"),
  );
});

test.each([
  ["an authority without a slash", headers(`41${plain("localhost")}`)],
  ["a field of another name", headers(`40${plain("/x")}${plain("/a")}`)],
  ["what looks like headers in another frame", `00000300000000000141022f`],
  ["a frame longer than Node takes", `004001010400000001${`41${plain("/a")}`.padEnd(2 * 16_385, "0")}`],
  ["a block that ends in the middle of a string", headers("417f2f")],
  ["a block that ends in the middle of a number", headers("ff")],
  ["a string in Huffman's code without an end", headers("4184ffffffff")],
])("leaves %s as it is", (_what, sent) => {
  const bytes = afterPreface(emptySettings, sent);
  expect(mend(bytes).toString("hex")).toBe(bytes.toString("hex"));
});

test("whatever comes in, as many bytes go out, and no others than with any other cut", () => {
  const frames = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((bytes) => headers(Buffer.from(bytes).toString("hex"))),
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString("hex")),
    ),
  );
  fc.assert(
    fc.property(frames, fc.integer({ min: 1, max: 50 }), (hex, pieceBytes) => {
      const bytes = afterPreface(...hex);
      const whole = mend(bytes);
      expect(whole).toHaveLength(bytes.length);
      expect(mend(bytes, pieceBytes).equals(whole)).toBe(true);
    }),
  );
});
