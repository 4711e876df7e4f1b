import { createCipheriv, createHash, createHmac } from "node:crypto";
import type { asn1 } from "node-forge";
import { encodeDer, type DerNode } from "./der.ts";
import { forge } from "./forge.ts";
import { deriveKey, emptyPasswords } from "./pkcs12-crypto.ts";

/** The usual number of key-derivation rounds. With an empty password none would do; some readers refuse fewer. */
const rounds = 2_048;

/**
 * Makes a PKCS#12 with an empty password: certificates and keys in triple DES with a SHA-1 MAC, which every reader
 * understands, old Go, Java and Windows ones included; an empty password protects nothing under any algorithm. The
 * salts depend on the content alone, so that an unchanged certificate gives unchanged bytes.
 */
export function writePkcs12(keys: readonly Buffer[], certificates: readonly Buffer[]): Buffer {
  const fingerprint = createHash("sha256");
  for (const part of [...keys, ...certificates]) fingerprint.update(part);
  const seed = fingerprint.digest();
  const localKeyId = createHash("sha1")
    .update(certificates[0] ?? seed)
    .digest();
  const certificateBags = certificates.map((certificate, index) =>
    bag("1.2.840.113549.1.12.10.1.3", certificateBag(certificate), index === 0 ? localKeyId : undefined),
  );
  const keyBags = keys.map((key, index) =>
    bag(
      "1.2.840.113549.1.12.10.1.2",
      shroudedKey(key, saltOf(seed, `key ${index}`)),
      index === 0 ? localKeyId : undefined,
    ),
  );
  const safes = encodeDer(
    sequence([
      contentInfo(encryptedDataType, sealedBags(sequence(certificateBags), saltOf(seed, "certificates"))),
      contentInfo(dataType, octets(encodeDer(sequence(keyBags)))),
    ]),
  );
  return encodeDer(
    sequence([integer(3), contentInfo(dataType, octets(safes)), macData(safes, saltOf(seed, "mac"))]),
  );
}

const dataType = "1.2.840.113549.1.7.1";
const encryptedDataType = "1.2.840.113549.1.7.6";
const password = emptyPasswords[0]!.bmp;

type TagClass = keyof typeof asn1.Class;
type TypeName = keyof typeof asn1.Type;

function create(
  tagClass: TagClass,
  type: TypeName,
  constructed: boolean,
  value: string | DerNode[],
): DerNode {
  const { asn1 } = forge();
  return asn1.create(asn1.Class[tagClass], asn1.Type[type], constructed, value);
}

function sequence(members: readonly DerNode[]): DerNode {
  return create("UNIVERSAL", "SEQUENCE", true, [...members]);
}

function octets(bytes: Buffer): DerNode {
  return create("UNIVERSAL", "OCTETSTRING", false, bytes.toString("latin1"));
}

function integer(value: number): DerNode {
  return create("UNIVERSAL", "INTEGER", false, forge().asn1.integerToDer(value).getBytes());
}

function identifier(value: string): DerNode {
  return create("UNIVERSAL", "OID", false, forge().asn1.oidToDer(value).getBytes());
}

function explicit(member: DerNode): DerNode {
  return create("CONTEXT_SPECIFIC", "NONE", true, [member]);
}

function contentInfo(type: string, content: DerNode): DerNode {
  return sequence([identifier(type), explicit(content)]);
}

function bag(type: string, content: DerNode, localKeyId: Buffer | undefined): DerNode {
  const members = [identifier(type), explicit(content)];
  if (localKeyId !== undefined) {
    const values = create("UNIVERSAL", "SET", true, [octets(localKeyId)]);
    const attribute = sequence([identifier("1.2.840.113549.1.9.21"), values]);
    members.push(create("UNIVERSAL", "SET", true, [attribute]));
  }
  return sequence(members);
}

function certificateBag(certificate: Buffer): DerNode {
  return sequence([identifier("1.2.840.113549.1.9.22.1"), explicit(octets(certificate))]);
}

function shroudedKey(key: Buffer, salt: Buffer): DerNode {
  return sequence([tripleDes(salt), octets(encrypt(key, salt))]);
}

/** EncryptedData (RFC 5652 §8): version, type, algorithm, sealed bytes with an implicit tag. */
function sealedBags(bags: DerNode, salt: Buffer): DerNode {
  const sealed = encrypt(encodeDer(bags), salt).toString("latin1");
  const content = create("CONTEXT_SPECIFIC", "NONE", false, sealed);
  return sequence([integer(0), sequence([identifier(dataType), tripleDes(salt), content])]);
}

/** pbeWithSHAAnd3-KeyTripleDES-CBC (RFC 7292 appendix C). */
function tripleDes(salt: Buffer): DerNode {
  return sequence([identifier("1.2.840.113549.1.12.1.3"), sequence([octets(salt), integer(rounds)])]);
}

function encrypt(bytes: Buffer, salt: Buffer): Buffer {
  const key = deriveKey("sha1", 1, password, salt, rounds, 24);
  const iv = deriveKey("sha1", 2, password, salt, rounds, 8);
  const cipher = createCipheriv("des-ede3-cbc", key, iv);
  return Buffer.concat([cipher.update(bytes), cipher.final()]);
}

function macData(safes: Buffer, salt: Buffer): DerNode {
  const key = deriveKey("sha1", 3, password, salt, rounds, 20);
  const digest = createHmac("sha1", key).update(safes).digest();
  const none = create("UNIVERSAL", "NULL", false, "");
  const digestInfo = sequence([sequence([identifier("1.3.14.3.2.26"), none]), octets(digest)]);
  return sequence([digestInfo, octets(salt), integer(rounds)]);
}

function saltOf(seed: Buffer, label: string): Buffer {
  return createHmac("sha256", seed).update(label).digest().subarray(0, 8);
}
