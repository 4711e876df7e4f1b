import {
  createHash,
  createHmac,
  createPrivateKey,
  randomBytes,
  X509Certificate,
  type KeyObject,
} from "node:crypto";
import { createRequire } from "node:module";
import { der } from "./der-writer.ts";

/** What a PKCS#12 file holds: a private key, if any, and certificates, the key's own first. */
export interface Pkcs12Content {
  readonly privateKey: KeyObject | undefined;
  readonly certificates: readonly X509Certificate[];
}

const oids = {
  data: "1.2.840.113549.1.7.1",
  shroudedKeyBag: "1.2.840.113549.1.12.10.1.2",
  certificateBag: "1.2.840.113549.1.12.10.1.3",
  x509Certificate: "1.2.840.113549.1.9.22.1",
  localKeyId: "1.2.840.113549.1.9.21",
  sha256: "2.16.840.1.101.3.4.2.1",
} as const;

const macIterations = 2048;

/** Writes a PKCS#12 file with an empty password, as Key Vault hands out certificates. */
export function writePkcs12({ privateKey, certificates }: Pkcs12Content): Buffer {
  const bags = certificates.map((certificate, index) => {
    const bag = der.sequence(
      der.oid(oids.x509Certificate),
      der.explicit(0, der.octetString(certificate.raw)),
    );
    return bagOf(oids.certificateBag, bag, index === 0 && privateKey !== undefined);
  });
  if (privateKey !== undefined) {
    const shrouded = privateKey.export({
      format: "der",
      type: "pkcs8",
      cipher: "aes-256-cbc",
      passphrase: "",
    });
    bags.push(bagOf(oids.shroudedKeyBag, shrouded, true));
  }
  const safe = der.sequence(contentInfo(der.sequence(...bags)));
  const salt = randomBytes(8);
  const mac = createHmac("sha256", macKey(salt)).update(safe).digest();
  const digest = der.sequence(der.sequence(der.oid(oids.sha256), der.null()), der.octetString(mac));
  const macData = der.sequence(digest, der.octetString(salt), der.integer(macIterations));
  return Buffer.from(der.sequence(der.integer(3), contentInfo(safe), macData));
}

function contentInfo(content: Uint8Array): Uint8Array {
  return der.sequence(der.oid(oids.data), der.explicit(0, der.octetString(content)));
}

function bagOf(oid: string, value: Uint8Array, isKeyPair: boolean): Uint8Array {
  const keyId = der.sequence(der.oid(oids.localKeyId), der.set(der.octetString(Uint8Array.of(1, 0, 0, 0))));
  return der.sequence(der.oid(oid), der.explicit(0, value), ...(isKeyPair ? [der.set(keyId)] : []));
}

/** The key derivation of RFC 7292 appendix B for a MAC with SHA-256 and the empty password. */
function macKey(salt: Uint8Array): Buffer {
  const blockBytes = 64;
  const repeat = (bytes: Uint8Array) => Buffer.alloc(blockBytes, bytes);
  const emptyPassword = Uint8Array.of(0, 0);
  let key: Buffer = Buffer.concat([Buffer.alloc(blockBytes, 3), repeat(salt), repeat(emptyPassword)]);
  for (let round = 0; round < macIterations; round++) key = createHash("sha256").update(key).digest();
  return key;
}

/**
 * Reads a PKCS#12 file with RC2, 3DES or AES encryption. Undefined when the file or the password is wrong. The
 * library is loaded with the first file.
 */
export function readPkcs12(file: Buffer, password: string): Pkcs12Content | undefined {
  const forge = createRequire(import.meta.url)("node-forge") as typeof import("node-forge");
  try {
    const asn1 = forge.asn1.fromDer(file.toString("binary"));
    const bags = forge.pkcs12
      .pkcs12FromAsn1(asn1, true, password)
      .safeContents.flatMap(({ safeBags }) => safeBags);
    const bytesOf = (node: Parameters<typeof forge.asn1.toDer>[0]) =>
      Buffer.from(forge.asn1.toDer(node).getBytes(), "binary");
    const keys = bags
      .filter(
        ({ type }) => type === forge.pki.oids["pkcs8ShroudedKeyBag"] || type === forge.pki.oids["keyBag"],
      )
      .map(({ key, asn1: node }) =>
        key
          ? createPrivateKey(forge.pki.privateKeyToPem(key))
          : createPrivateKey({ key: bytesOf(node), format: "der", type: "pkcs8" }),
      );
    const certificates = bags
      .filter(({ type }) => type === forge.pki.oids["certBag"])
      .map(
        ({ cert, asn1: node }) =>
          new X509Certificate(cert ? bytesOf(forge.pki.certificateToAsn1(cert)) : bytesOf(node)),
      );
    return { privateKey: keys[0], certificates: leafFirst(keys[0], certificates) };
  } catch {
    return undefined;
  }
}

/** The certificate of the key, then the others in the order in which they were found. */
export function leafFirst(
  privateKey: KeyObject | undefined,
  certificates: readonly X509Certificate[],
): readonly X509Certificate[] {
  if (privateKey === undefined) return certificates;
  const leaf = certificates.find((each) => each.checkPrivateKey(privateKey));
  return leaf === undefined ? certificates : [leaf, ...certificates.filter((each) => each !== leaf)];
}
