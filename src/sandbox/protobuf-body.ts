import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { formatTime } from "./metadata.ts";
import { setOwn, type Json, type JsonObject } from "./object.ts";
import { badRequest, unsupportedMediaType } from "./status-error.ts";

/** How a field's bytes become JSON: a scalar, a time, or the name of a message below. */
type FieldType =
  | "string"
  | "bytes"
  | "bool"
  | "int"
  | "time"
  | "strings"
  | "stringMap"
  | "bytesMap"
  | MessageName
  | `${MessageName}[]`;
type MessageName = keyof typeof messages;
type Field = readonly [name: string, type: string];

/** Field numbers of Kubernetes' generated.proto files (1.36), as far as kubectl sends them. */
const messages = {
  Unknown: { 1: ["typeMeta", "TypeMeta"], 2: ["raw", "bytes"] },
  TypeMeta: { 1: ["apiVersion", "string"], 2: ["kind", "string"] },
  ObjectMeta: {
    1: ["name", "string"],
    2: ["generateName", "string"],
    3: ["namespace", "string"],
    5: ["uid", "string"],
    6: ["resourceVersion", "string"],
    8: ["creationTimestamp", "time"],
    11: ["labels", "stringMap"],
    12: ["annotations", "stringMap"],
    13: ["ownerReferences", "OwnerReference[]"],
    14: ["finalizers", "strings"],
  },
  OwnerReference: {
    1: ["kind", "string"],
    3: ["name", "string"],
    4: ["uid", "string"],
    5: ["apiVersion", "string"],
    6: ["controller", "bool"],
    7: ["blockOwnerDeletion", "bool"],
  },
  ObjectReference: {
    1: ["kind", "string"],
    2: ["namespace", "string"],
    3: ["name", "string"],
    4: ["uid", "string"],
    5: ["apiVersion", "string"],
    6: ["resourceVersion", "string"],
    7: ["fieldPath", "string"],
  },
  Namespace: { 1: ["metadata", "ObjectMeta"], 2: ["spec", "NamespaceSpec"] },
  NamespaceSpec: { 1: ["finalizers", "strings"] },
  Secret: {
    1: ["metadata", "ObjectMeta"],
    2: ["data", "bytesMap"],
    3: ["type", "string"],
    4: ["stringData", "stringMap"],
    5: ["immutable", "bool"],
  },
  ConfigMap: {
    1: ["metadata", "ObjectMeta"],
    2: ["data", "stringMap"],
    3: ["binaryData", "bytesMap"],
    4: ["immutable", "bool"],
  },
  ServiceAccount: {
    1: ["metadata", "ObjectMeta"],
    2: ["secrets", "ObjectReference[]"],
    3: ["imagePullSecrets", "LocalObjectReference[]"],
    4: ["automountServiceAccountToken", "bool"],
  },
  LocalObjectReference: { 1: ["name", "string"] },
  TokenRequest: { 1: ["metadata", "ObjectMeta"], 2: ["spec", "TokenRequestSpec"] },
  TokenRequestSpec: {
    1: ["audiences", "strings"],
    3: ["boundObjectRef", "BoundObjectReference"],
    4: ["expirationSeconds", "int"],
  },
  BoundObjectReference: {
    1: ["kind", "string"],
    2: ["apiVersion", "string"],
    3: ["name", "string"],
    4: ["uid", "string"],
  },
  SelfSubjectAccessReview: { 1: ["metadata", "ObjectMeta"], 2: ["spec", "AccessSpec"] },
  AccessSpec: {
    1: ["resourceAttributes", "ResourceAttributes"],
    2: ["nonResourceAttributes", "NonResourceAttributes"],
  },
  ResourceAttributes: {
    1: ["namespace", "string"],
    2: ["verb", "string"],
    3: ["group", "string"],
    4: ["version", "string"],
    5: ["resource", "string"],
    6: ["subresource", "string"],
    7: ["name", "string"],
  },
  NonResourceAttributes: { 1: ["path", "string"], 2: ["verb", "string"] },
  SelfSubjectRulesReview: { 1: ["metadata", "ObjectMeta"], 2: ["spec", "RulesSpec"] },
  RulesSpec: { 1: ["namespace", "string"] },
  SelfSubjectReview: { 1: ["metadata", "ObjectMeta"] },
  DeleteOptions: {
    1: ["gracePeriodSeconds", "int"],
    2: ["preconditions", "Preconditions"],
    4: ["propagationPolicy", "string"],
    5: ["dryRun", "strings"],
  },
  Preconditions: { 1: ["uid", "string"], 2: ["resourceVersion", "string"] },
} as const satisfies Readonly<Record<string, Readonly<Record<number, Field>>>>;

const kinds = new Set<string>([
  "Namespace",
  "Secret",
  "ConfigMap",
  "ServiceAccount",
  "TokenRequest",
  "SelfSubjectAccessReview",
  "SelfSubjectRulesReview",
  "SelfSubjectReview",
  "DeleteOptions",
]);

const magic = "k8s\0";

/** Reads an `application/vnd.kubernetes.protobuf` body. Throws 400 for bytes that are none, 415 for other kinds. */
export function decodeProtobuf(bytes: Uint8Array): JsonObject {
  if (Buffer.from(bytes.subarray(0, magic.length)).toString("latin1") !== magic) {
    throw badRequest("the body of the request is not in Kubernetes' protobuf form");
  }
  try {
    const { typeMeta, raw } = decodeMessage(bytes.subarray(magic.length), "Unknown") as {
      readonly typeMeta?: { readonly kind?: string; readonly apiVersion?: string };
      readonly raw?: string;
    };
    const kind = typeMeta?.kind ?? "";
    if (!kinds.has(kind)) {
      throw unsupportedMediaType(
        `the Keyweir sandbox reads protobuf for ${[...kinds].join(", ")} only; send a ${JSON.stringify(kind.slice(0, 80))} as application/json`,
      );
    }
    return { ...typeMeta, ...decodeMessage(Buffer.from(raw ?? "", "base64"), kind as MessageName) };
  } catch (error) {
    if (
      error instanceof RangeError ||
      error instanceof TypeError ||
      (error instanceof Error && error.name === "Error")
    ) {
      throw badRequest("the protobuf body of the request is broken");
    }
    throw error;
  }
}

function decodeMessage(bytes: Uint8Array, name: MessageName): JsonObject {
  const reader = new BinaryReader(bytes);
  const fields: Readonly<Record<number, Field>> = messages[name];
  const result: Record<string, unknown> = {};
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const field = Object.hasOwn(fields, number) ? fields[number] : undefined;
    if (field === undefined) reader.skip(wireType, number);
    else readField(reader, wireType, field[0], field[1] as FieldType, result);
  }
  return result as JsonObject;
}

function readField(
  reader: BinaryReader,
  wireType: WireType,
  name: string,
  type: FieldType,
  result: Record<string, unknown>,
): void {
  if (wireType !== (type === "bool" || type === "int" ? WireType.Varint : WireType.LengthDelimited)) {
    throw new TypeError("a field has the wrong wire type");
  }
  switch (type) {
    case "bool":
      result[name] = reader.bool();
      return;
    case "int":
      result[name] = Number(reader.int64());
      return;
    case "string": {
      const text = reader.string();
      if (text !== "") result[name] = text;
      return;
    }
    case "bytes":
      result[name] = base64(reader.bytes());
      return;
    case "strings":
      result[name] = [...listOf(result, name), reader.string()];
      return;
    case "time": {
      const seconds = readSeconds(reader.bytes());
      if (seconds !== undefined) result[name] = formatTime(seconds * 1000);
      return;
    }
    case "stringMap":
    case "bytesMap": {
      const [key, value] = readEntry(reader.bytes(), type === "bytesMap");
      const map = (result[name] ??= {}) as Record<string, unknown>;
      setOwn(map, key, value);
      return;
    }
    default:
      if (type.endsWith("[]")) {
        const item = decodeMessage(reader.bytes(), type.slice(0, -2) as MessageName);
        result[name] = [...listOf(result, name), item];
      } else result[name] = decodeMessage(reader.bytes(), type as MessageName);
  }
}

function listOf(result: Record<string, unknown>, name: string): readonly Json[] {
  return (result[name] as readonly Json[] | undefined) ?? [];
}

function readEntry(bytes: Uint8Array, hasBytes: boolean): [key: string, value: string] {
  const reader = new BinaryReader(bytes);
  let key = "";
  let value = "";
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number === 1) key = reader.string();
    else if (number === 2) value = hasBytes ? base64(reader.bytes()) : reader.string();
    else reader.skip(wireType, number);
  }
  return [key, value];
}

/** Seconds since 1970 of a `Time`; undefined for the zero time. */
function readSeconds(bytes: Uint8Array): number | undefined {
  const reader = new BinaryReader(bytes);
  let seconds: number | undefined;
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number === 1) seconds = Number(reader.int64());
    else reader.skip(wireType, number);
  }
  return seconds;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
