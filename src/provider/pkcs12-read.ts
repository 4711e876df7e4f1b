import { createPrivateKey } from "node:crypto";
import { bytesOf, damaged, encodeDer, identifierOf, membersOf, parseDer, type DerNode } from "./der.ts";
import { ObjectError } from "./fetch-error.ts";
import { decrypt, emptyPasswords, RoundBudget, verifyMac, type Pkcs12Password } from "./pkcs12-crypto.ts";

/** What a PKCS#12 holds, in its own order. */
export interface Pkcs12Contents {
  /** PKCS#8, DER. */
  readonly keys: readonly Buffer[];
  /** X.509, DER. */
  readonly certificates: readonly Buffer[];
}

/**
 * Reads a PKCS#12 (RFC 7292) with an empty or no password, as Key Vault hands it out. Anything that is not readable
 * is a `Conversion` error that tells which part, never its content.
 */
export function readPkcs12(bytes: Buffer): Pkcs12Contents {
  const [, authSafe, macData] = membersOf(parseDer(bytes, "the file"), "the file");
  const [type, content] = contentInfoOf(authSafe);
  if (type !== dataType) throw damaged("the list of safes");
  const safes = bytesOf(content, "the list of safes");
  const budget = new RoundBudget();
  const reading: Reading = {
    keys: [],
    certificates: [],
    budget,
    passwords: passwordsFor(macData, safes, budget),
  };
  for (const safe of membersOf(parseDer(safes, "the list of safes"), "the list of safes")) {
    readBags(openSafe(safe, reading), reading);
  }
  return reading;
}

interface Reading {
  readonly keys: Buffer[];
  readonly certificates: Buffer[];
  readonly budget: RoundBudget;
  /** The one that fits the MAC; without a MAC all that may fit. */
  readonly passwords: readonly Pkcs12Password[];
}

const dataType = "1.2.840.113549.1.7.1";
const encryptedDataType = "1.2.840.113549.1.7.6";
const x509Type = "1.2.840.113549.1.9.22.1";
const bagTypes = "1.2.840.113549.1.12.10.1.";

function passwordsFor(
  macData: DerNode | undefined,
  safes: Buffer,
  budget: RoundBudget,
): readonly Pkcs12Password[] {
  if (macData === undefined) return emptyPasswords;
  const password = emptyPasswords.find((candidate) => verifyMac(macData, safes, candidate, budget));
  if (password !== undefined) return [password];
  throw new ObjectError(
    "Conversion",
    "the PKCS#12 has a password, or was changed after it was sealed: import it into the vault as a certificate, or without a password",
  );
}

/** The type and the content of a ContentInfo. */
function contentInfoOf(node: DerNode | undefined): readonly [string, DerNode | undefined] {
  const [type, content] = membersOf(node, "a safe");
  return [identifierOf(type, "a safe"), membersOf(content, "a safe")[0]];
}

function openSafe(safe: DerNode, reading: Reading): DerNode {
  const [type, content] = contentInfoOf(safe);
  if (type === dataType) return parseDer(bytesOf(content, "a safe"), "a safe");
  if (type !== encryptedDataType) throw damaged("a safe (sealed with a public key)");
  const [, sealedInfo] = membersOf(content, "a sealed safe");
  const [, algorithm, sealed] = membersOf(sealedInfo, "a sealed safe");
  return unseal(algorithm, bytesOf(sealed, "a sealed safe"), reading);
}

/** Tries the passwords: wrong ones give wrong padding, or by chance bytes that do not parse. */
function unseal(algorithm: DerNode | undefined, sealed: Buffer, { passwords, budget }: Reading): DerNode {
  for (const password of passwords) {
    const opened = decrypt(algorithm, sealed, password, budget);
    if (opened === undefined) continue;
    try {
      return parseDer(opened, "a sealed part");
    } catch (error) {
      if (!(error instanceof ObjectError)) throw error;
    }
  }
  throw damaged("a sealed part");
}

function readBags(safeContents: DerNode, reading: Reading): void {
  for (const bag of membersOf(safeContents, "a safe")) {
    const [typeNode, value] = membersOf(bag, "a bag");
    const content = membersOf(value, "a bag")[0];
    switch (identifierOf(typeNode, "a bag")) {
      case `${bagTypes}1`:
        if (content === undefined) throw damaged("a key");
        reading.keys.push(normalKey(encodeDer(content)));
        break;
      case `${bagTypes}2`: {
        const [algorithm, sealed] = membersOf(content, "a key");
        reading.keys.push(normalKey(encodeDer(unseal(algorithm, bytesOf(sealed, "a key"), reading))));
        break;
      }
      case `${bagTypes}3`: {
        const [type, certificate] = membersOf(content, "a certificate");
        if (identifierOf(type, "a certificate") !== x509Type) break;
        reading.certificates.push(bytesOf(membersOf(certificate, "a certificate")[0], "a certificate"));
        break;
      }
      case `${bagTypes}6`:
        if (content === undefined) throw damaged("a safe");
        readBags(content, reading);
        break;
      default:
      // Revocation lists and other secrets are of no use here.
    }
  }
}

/** PKCS#8 without the attributes that Windows adds; RSA, EC and Edwards keys. */
function normalKey(encoding: Buffer): Buffer {
  try {
    const key = createPrivateKey({ key: encoding, format: "der", type: "pkcs8" });
    return key.export({ format: "der", type: "pkcs8" });
  } catch {
    throw damaged("a key");
  }
}
