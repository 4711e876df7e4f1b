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
 * it is missing or unknown the text does. Throws a `Conversion` error; each form is made when it is first asked for.
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

class Pkcs12Forms implements CertificateForms {
  readonly keys: string;
  readonly certificates: string;
  readonly pfx: string;

  constructor(value: string) {
    const { keys, certificates } = readPkcs12(decodeBase64(value));
    this.pfx = value;
    this.keys = keys.map((key) => encodePem("PRIVATE KEY", key)).join("");
    this.certificates = orderChain(certificates, keys[0])
      .map((certificate) => encodePem("CERTIFICATE", certificate))
      .join("");
  }

  get pem(): string {
    return this.keys + this.certificates;
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
    const key = blocks.find((block) => !isCertificate(block));
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
    const keys = this.#blocks.filter((block) => !isCertificate(block)).map(readKey);
    const certificates = this.#blocks.filter(isCertificate).map((block) => block.der);
    return writePkcs12(keys, certificates).toString("base64");
  }
}

function isCertificate(block: PemBlock): boolean {
  return block.label === "CERTIFICATE";
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
    "the PEM text has a block besides its certificates that is not a private key without password: objectFormat pfx needs one",
  );
}
