import { createHash, sign, type KeyObject } from "node:crypto";
import { der } from "./der-writer.ts";
import { badParameter } from "./service-error.ts";

/** What a certificate or a request for one says. */
export interface CertificateContent {
  /** `CN=example.com, O=Contoso`. */
  readonly subject: string;
  readonly dnsNames: readonly string[];
  readonly emails: readonly string[];
  /** As key policies name them: `digitalSignature`, `keyCertSign` … */
  readonly keyUsage: readonly string[];
  /** Object identifiers. */
  readonly extendedKeyUsage: readonly string[];
  readonly isAuthority?: boolean;
}

/** Whoever signs: its own subject and key. */
export interface CertificateIssuer {
  readonly subject: string;
  readonly privateKey: KeyObject;
}

/** Writes and signs a certificate, in DER. Synchronous. `serial` is hexadecimal. Answers 400 for a bad subject. */
export function writeCertificate(
  content: CertificateContent,
  publicKey: KeyObject,
  issuer: CertificateIssuer,
  validity: { readonly serial: string; readonly fromMs: number; readonly untilMs: number },
): Buffer {
  return signed(
    der.sequence(
      der.explicit(0, der.integer(2)),
      der.integer(Buffer.from(validity.serial, "hex")),
      signatureAlgorithm(issuer.privateKey),
      nameOf(issuer.subject),
      der.sequence(der.time(validity.fromMs), der.time(validity.untilMs)),
      nameOf(content.subject),
      publicKey.export({ format: "der", type: "spki" }),
      der.explicit(3, extensionsOf(content, publicKey)),
    ),
    issuer.privateKey,
  );
}

/** Writes and signs a PKCS#10 certificate request, in DER. */
export function writeCertificateRequest(
  content: CertificateContent,
  publicKey: KeyObject,
  privateKey: KeyObject,
): Buffer {
  const extensions = der.sequence(
    der.oid("1.2.840.113549.1.9.14"),
    der.set(extensionsOf(content, publicKey)),
  );
  return signed(
    der.sequence(
      der.integer(0),
      nameOf(content.subject),
      publicKey.export({ format: "der", type: "spki" }),
      der.explicit(0, extensions),
    ),
    privateKey,
  );
}

function signed(content: Uint8Array, privateKey: KeyObject): Buffer {
  const signature = sign("sha256", content, privateKey);
  return Buffer.from(der.sequence(content, signatureAlgorithm(privateKey), der.bitString(signature)));
}

/** SHA-256 with the key's own algorithm. */
function signatureAlgorithm(privateKey: KeyObject): Uint8Array {
  return privateKey.asymmetricKeyType === "rsa"
    ? der.sequence(der.oid("1.2.840.113549.1.1.11"), der.null())
    : der.sequence(der.oid("1.2.840.10045.4.3.2"));
}

const attributeTypes: Readonly<Record<string, string>> = {
  CN: "2.5.4.3",
  SERIALNUMBER: "2.5.4.5",
  C: "2.5.4.6",
  L: "2.5.4.7",
  S: "2.5.4.8",
  ST: "2.5.4.8",
  STREET: "2.5.4.9",
  O: "2.5.4.10",
  OU: "2.5.4.11",
  DC: "0.9.2342.19200300.100.1.25",
  E: "1.2.840.113549.1.9.1",
};

function nameOf(subject: string): Uint8Array {
  const parts = subject.match(/(?:[^,"\\]|\\.|"[^"]*")+/g) ?? [];
  return der.sequence(
    ...parts.map((part) => {
      const [, type = "", value = ""] = /^\s*([A-Za-z]+)\s*=\s*(.*?)\s*$/s.exec(part) ?? [];
      const oid = attributeTypes[type.toUpperCase()];
      if (oid === undefined || value === "") {
        throw badParameter(
          "Property x509_props.subject has invalid value: it is not of the form CN=name, O=organization.",
        );
      }
      const text = value.replace(/^"(.*)"$/s, "$1").replaceAll(/\\(.)/gs, "$1");
      const string = type.toUpperCase() === "C" ? der.printableString(text) : der.utf8String(text);
      return der.set(der.sequence(der.oid(oid), string));
    }),
  );
}

/** In the order of their bits (RFC 5280 4.2.1.3). */
const keyUsageBits = [
  "digitalSignature",
  "nonRepudiation",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
];

function extensionsOf(content: CertificateContent, publicKey: KeyObject): Uint8Array {
  const { dnsNames, emails, keyUsage, extendedKeyUsage, isAuthority = false } = content;
  const extensions = [
    extension("2.5.29.19", der.sequence(...(isAuthority ? [der.boolean(true)] : [])), true),
    extension(
      "2.5.29.14",
      der.octetString(
        createHash("sha1")
          .update(publicKey.export({ format: "der", type: "spki" }))
          .digest(),
      ),
    ),
  ];
  if (keyUsage.length > 0) extensions.push(extension("2.5.29.15", keyUsageOf(keyUsage), true));
  if (extendedKeyUsage.length > 0) {
    extensions.push(extension("2.5.29.37", der.sequence(...extendedKeyUsage.map(der.oid))));
  }
  if (dnsNames.length + emails.length > 0) {
    const names = [
      ...emails.map((email) => der.implicit(1, Buffer.from(email))),
      ...dnsNames.map((name) => der.implicit(2, Buffer.from(name))),
    ];
    extensions.push(extension("2.5.29.17", der.sequence(...names)));
  }
  return der.sequence(...extensions);
}

function extension(oid: string, value: Uint8Array, isCritical = false): Uint8Array {
  return der.sequence(der.oid(oid), ...(isCritical ? [der.boolean(true)] : []), der.octetString(value));
}

function keyUsageOf(names: readonly string[]): Uint8Array {
  const bits = names.map((name) => keyUsageBits.indexOf(name)).filter((bit) => bit >= 0);
  const highest = Math.max(0, ...bits);
  const bytes = new Uint8Array((highest >> 3) + 1);
  for (const bit of bits) bytes[bit >> 3]! |= 0x80 >> (bit & 7);
  return der.bitString(bytes, 7 - (highest & 7));
}
