import { createPrivateKey } from "node:crypto";
import { orderChain } from "./certificate-chain.ts";
import { decodeBase64 } from "./encoding.ts";
import { ObjectError } from "./fetch-error.ts";
import { encodePem, isPem, parsePem, type PemBlock } from "./pem.ts";
import { readPkcs12 } from "./pkcs12-read.ts";
import { writePkcs12 } from "./pkcs12-write.ts";

/** The forms of a certificate with its private key that a secret can be delivered in. */
export interface CertificateForms {
  /** Keys first, then certificates leaf → root; a PEM text in the right order stays as it is. */
  readonly pem: string;
  /** The certificates of the PEM. */
  readonly certificates: string;
  /** Everything else of the PEM: its keys. */
  readonly keys: string;
  /** PKCS#12 in base64, as Key Vault writes it. */
  readonly pfx: string;
}

/**
 * Reads the text of a secret that holds a certificate: PEM, or PKCS#12 in base64. `contentType` decides, and where
 * it is missing or unknown the text does. What cannot be read or made is a `Conversion` error, thrown by this or by the
 * form that is asked for.
 */
export function readCertificateSecret(value: string, contentType: string | undefined): CertificateForms {
  switch (contentType?.trim().toLowerCase()) {
    case "application/x-pem-file":
      return new PemForms(value);
    case "application/x-pkcs12":
      return new Pkcs12Forms(value);
    default:
      return isPem(value) ? new PemForms(value) : new Pkcs12Forms(value);
  }
}

/** A file that is delivered as it is need not be readable, so it is read when another form is asked for. */
class Pkcs12Forms implements CertificateForms {
  readonly pfx: string;
  #parts: { readonly keys: string; readonly certificates: string } | undefined;

  constructor(value: string) {
    this.pfx = value;
  }

  get pem(): string {
    const { keys, certificates } = this.#read();
    return keys + certificates;
  }

  get keys(): string {
    return this.#read().keys;
  }

  get certificates(): string {
    return this.#read().certificates;
  }

  #read() {
    if (this.#parts === undefined) {
      const { keys, certificates } = readPkcs12(decodeBase64(this.pfx));
      const chain = orderChain(certificates, keys[0]);
      this.#parts = {
        keys: keys.map((key) => encodePem("PRIVATE KEY", key)).join(""),
        certificates: chain.map((certificate) => encodePem("CERTIFICATE", certificate)).join(""),
      };
    }
    return this.#parts;
  }
}

class PemForms implements CertificateForms {
  readonly pem: string;
  readonly #blocks: readonly PemBlock[];

  constructor(value: string) {
    const blocks = parsePem(value);
    if (blocks.length === 0)
      throw new ObjectError("Conversion", "the value is not a PEM text: it has no BEGIN line");
    const given = blocks.filter(isCertificate).map((block) => block.der);
    const key = blocks.find(isPrivateKey);
    const ordered = orderChain(given, key && pkcs8Of(key));
    const isInOrder = ordered.length === given.length && ordered.every((der, index) => der === given[index]);
    this.#blocks = isInOrder ? blocks : reorder(blocks, ordered);
    this.pem = isInOrder ? value : textOf(this.#blocks);
  }

  get certificates(): string {
    return textOf(this.#blocks.filter(isCertificate));
  }

  get keys(): string {
    return textOf(this.#blocks.filter((block) => !isCertificate(block)));
  }

  get pfx(): string {
    const keys = this.#blocks.filter(isPrivateKey).map(readKey);
    const certificates = this.#blocks.filter(isCertificate).map((block) => block.der);
    return writePkcs12(keys, certificates).toString("base64");
  }
}

function isCertificate(block: PemBlock): boolean {
  return block.label === "CERTIFICATE";
}

/** Not, for one, the EC PARAMETERS that OpenSSL writes before a key. */
function isPrivateKey(block: PemBlock): boolean {
  return block.label.endsWith("PRIVATE KEY");
}

function textOf(blocks: readonly PemBlock[]): string {
  return blocks.map((block) => encodePem(block.label, block.der)).join("");
}

/** Other blocks first, as in the PEM of a PKCS#12. */
function reorder(blocks: readonly PemBlock[], certificates: readonly Buffer[]): readonly PemBlock[] {
  return [
    ...blocks.filter((block) => !isCertificate(block)),
    ...certificates.flatMap((der) => blocks.find((block) => block.der === der) ?? []),
  ];
}

function pkcs8Of(block: PemBlock): Buffer | undefined {
  try {
    return createPrivateKey(block.text).export({ format: "der", type: "pkcs8" });
  } catch {
    return undefined;
  }
}

function readKey(block: PemBlock): Buffer {
  const key = pkcs8Of(block);
  if (key !== undefined) return key;
  throw new ObjectError(
    "Conversion",
    "the private key of the PEM text has a password or is damaged: objectFormat pfx needs one without password",
  );
}
