import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeProtobuf } from "./protobuf-body.ts";
import { StatusError } from "./status-error.ts";

type Fields = Readonly<Record<number, string | number | Uint8Array | readonly (string | Uint8Array)[]>>;

function message(fields: Fields): Uint8Array {
  const writer = new BinaryWriter();
  for (const [number, value] of Object.entries(fields)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (typeof item === "number") writer.tag(Number(number), WireType.Varint).int64(item);
      else {
        const field = writer.tag(Number(number), WireType.LengthDelimited);
        if (typeof item === "string") field.string(item);
        else field.bytes(item as Uint8Array);
      }
    }
  }
  return writer.finish();
}

/** The envelope that client-go writes. */
function envelope(apiVersion: string, kind: string, raw: Uint8Array): Uint8Array {
  const unknown = message({ 1: message({ 1: apiVersion, 2: kind }), 2: raw, 3: "", 4: "" });
  return Buffer.concat([Buffer.from("k8s\0"), unknown]);
}

const metadata = message({
  1: "name",
  2: "",
  3: "shop",
  8: message({}),
  11: [message({ 1: "a", 2: "b" }), message({ 1: "c" })],
  13: message({ 1: "Widget", 3: "owner", 4: "uid", 5: "test.dev/v1", 6: 1 }),
  14: ["example.com/f"],
});
const metadataJson = {
  name: "name",
  namespace: "shop",
  labels: { a: "b", c: "" },
  ownerReferences: [
    { kind: "Widget", name: "owner", uid: "uid", apiVersion: "test.dev/v1", controller: true },
  ],
  finalizers: ["example.com/f"],
};

test("a Secret with all that kubectl sends", () => {
  const data = [message({ 1: "k", 2: Buffer.from([0, 255]) }), message({ 1: "empty" })];
  const raw = message({
    1: metadata,
    2: data,
    3: "Opaque",
    4: message({ 1: "s", 2: "text" }),
    5: 1,
    99: "later",
  });
  expect(decodeProtobuf(envelope("v1", "Secret", raw))).toEqual({
    apiVersion: "v1",
    kind: "Secret",
    metadata: metadataJson,
    data: { k: "AP8=", empty: "" },
    type: "Opaque",
    stringData: { s: "text" },
    immutable: true,
  });
});

test("a TokenRequest", () => {
  const raw = message({
    1: message({}),
    2: message({ 1: ["api://a", "api://b"], 4: 600 }),
    3: message({ 1: "" }),
  });
  expect(decodeProtobuf(envelope("authentication.k8s.io/v1", "TokenRequest", raw))).toEqual({
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    metadata: {},
    spec: { audiences: ["api://a", "api://b"], expirationSeconds: 600 },
  });
});

test("other kinds are refused by name, other bytes as broken", () => {
  expect(() => decodeProtobuf(envelope("apps/v1", "Deployment", message({})))).toThrow(
    /Deployment.*application\/json/,
  );
  expect(() => decodeProtobuf(Buffer.from("{}"))).toThrow("not in Kubernetes' protobuf form");
  const whole = envelope("v1", "Secret", message({ 1: metadata }));
  expect(() => decodeProtobuf(whole.subarray(0, whole.length - 20))).toThrow(StatusError);
});

test("any bytes are either read or refused", () => {
  const outcome = (bytes: Uint8Array) => {
    try {
      return typeof decodeProtobuf(bytes);
    } catch (error) {
      return error instanceof StatusError ? "object" : String(error);
    }
  };
  const bytes = fc.uint8Array({ maxLength: 40 });
  fc.assert(
    fc.property(
      fc.constantFrom("Secret", "Namespace", "ServiceAccount", "DeleteOptions"),
      bytes,
      (kind, raw) => {
        expect(outcome(envelope("v1", kind, raw))).toBe("object");
        expect(outcome(Buffer.concat([Buffer.from("k8s\0"), raw]))).toBe("object");
      },
    ),
    { numRuns: 1_000 },
  );
});
