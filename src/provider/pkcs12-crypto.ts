/** The cryptography of PKCS#12 (RFC 7292) and PKCS#5 (RFC 8018): what seals a file, given its algorithm identifiers. */
import { createDecipheriv, createHmac, hash, pbkdf2Sync } from "node:crypto";
import { bytesOf, damaged, identifierOf, integerOf, isSequence, membersOf, type DerNode } from "./der.ts";
import { ObjectError } from "./fetch-error.ts";
import { forge } from "./forge.ts";
import { chainSha1 } from "./sha1-chain.ts";

/** A password in both of its encodings; Key Vault's is empty, which some tools write as if there were none. */
export interface Pkcs12Password {
  /** For the key derivation of PKCS#12: UTF-16 with a closing zero; nothing at all for no password. */
  readonly bmp: Buffer;
  /** For PBES2. */
  readonly utf8: Buffer;
}

/** Both readings of "empty". */
export const emptyPasswords: readonly Pkcs12Password[] = [
  { bmp: Buffer.alloc(2), utf8: Buffer.alloc(0) },
  { bmp: Buffer.alloc(0), utf8: Buffer.alloc(0) },
];

/** Counts key-derivation rounds over a whole file, so that a hostile one cannot block the process: 0.2 s at most. */
export class RoundBudget {
  #remaining = 200_000;

  take(rounds: number): number {
    if (!(rounds >= 1)) throw damaged("an iteration count");
    this.#remaining -= rounds;
    if (this.#remaining >= 0) return rounds;
    throw new ObjectError(
      "Conversion",
      "the PKCS#12 asks for more key-derivation rounds than are allowed: export it again with fewer (2,048 is usual)",
    );
  }
}

/** Whether the file's MAC fits the password. `macData` as in RFC 7292 §4. */
export function verifyMac(
  macData: DerNode,
  content: Buffer,
  password: Pkcs12Password,
  budget: RoundBudget,
): boolean {
  const what = "the MAC";
  const [digestInfo, salt, rounds] = membersOf(macData, what);
  const [algorithm, digest] = membersOf(digestInfo, what);
  const identifier = identifierOf(membersOf(algorithm, what)[0], what);
  const hashName = digestNames[identifier];
  if (hashName === undefined) throw unknownAlgorithm("MAC digest", identifier);
  const expected = bytesOf(digest, what);
  const count = budget.take(rounds === undefined ? 1 : integerOf(rounds, what));
  const key = deriveKey(hashName, 3, password.bmp, bytesOf(salt, what), count, expected.length);
  return createHmac(hashName, key).update(content).digest().equals(expected);
}

/** Decrypts what `algorithm` (an AlgorithmIdentifier) sealed; undefined when the password does not fit. */
export function decrypt(
  algorithm: DerNode | undefined,
  sealed: Buffer,
  password: Pkcs12Password,
  budget: RoundBudget,
): Buffer | undefined {
  const [identifierNode, parameters] = membersOf(algorithm, "an encryption");
  const identifier = identifierOf(identifierNode, "an encryption");
  if (identifier === pbes2) return decryptPbes2(parameters, sealed, password, budget);
  const scheme = pkcs12Schemes[identifier];
  if (scheme === undefined) throw unknownAlgorithm("encryption", identifier);
  const [saltNode, roundsNode] = membersOf(parameters, "an encryption");
  const salt = bytesOf(saltNode, "an encryption");
  const count = integerOf(roundsNode, "an encryption");
  const key = deriveKey("sha1", 1, password.bmp, salt, budget.take(count), scheme.keyLength);
  const iv = deriveKey("sha1", 2, password.bmp, salt, budget.take(count), 8);
  return scheme.cipher === "rc2"
    ? decryptRc2(key, iv, sealed)
    : decryptWith("des-ede3-cbc", tripleKey(key), iv, sealed);
}

/** The key derivation of RFC 7292 appendix B.2. `purpose`: 1 key, 2 initialisation vector, 3 MAC. */
export function deriveKey(
  hashName: string,
  purpose: 1 | 2 | 3,
  password: Buffer,
  salt: Buffer,
  rounds: number,
  lengthBytes: number,
): Buffer {
  const blockLength = hashName === "sha384" || hashName === "sha512" ? 128 : 64;
  const diversifier = Buffer.alloc(blockLength, purpose);
  const input = Buffer.concat([fillBlocks(salt, blockLength), fillBlocks(password, blockLength)]);
  const output: Buffer[] = [];
  for (let length = 0; length < lengthBytes;) {
    const piece = repeatHash(hashName, Buffer.concat([diversifier, input]), rounds);
    output.push(piece);
    length += piece.length;
    if (length < lengthBytes) addToBlocks(input, fillBlocks(piece, blockLength).subarray(0, blockLength));
  }
  return Buffer.concat(output).subarray(0, lengthBytes);
}

function repeatHash(hashName: string, data: Buffer, rounds: number): Buffer {
  let digest = hash(hashName, data, "buffer");
  if (hashName === "sha1") return chainSha1(digest, rounds - 1);
  for (let round = 1; round < rounds; round++) digest = hash(hashName, digest, "buffer");
  return digest;
}

/** `bytes` repeated up to a whole number of blocks; nothing stays nothing. */
function fillBlocks(bytes: Buffer, blockLength: number): Buffer {
  const filled = Buffer.alloc(Math.ceil(bytes.length / blockLength) * blockLength);
  return bytes.length === 0 ? filled : filled.fill(bytes);
}

/** Adds `addend` + 1 to every block of `input`, as big-endian numbers modulo the block. */
function addToBlocks(input: Buffer, addend: Buffer): void {
  for (let start = 0; start < input.length; start += addend.length) {
    let carry = 1;
    for (let index = addend.length - 1; index >= 0; index--) {
      carry += input[start + index]! + addend[index]!;
      input[start + index] = carry & 0xff;
      carry >>= 8;
    }
  }
}

function decryptPbes2(
  parameters: DerNode | undefined,
  sealed: Buffer,
  password: Pkcs12Password,
  budget: RoundBudget,
): Buffer | undefined {
  const what = "the PBES2 parameters";
  const [derivation, encryption] = membersOf(parameters, what);
  const [derivationName, derivationParameters] = membersOf(derivation, what);
  const derivationId = identifierOf(derivationName, what);
  if (derivationId !== pbkdf2) throw unknownAlgorithm("key derivation", derivationId);
  const [saltNode, roundsNode, ...rest] = membersOf(derivationParameters, what);
  // The optional key length may stand before the optional pseudo-random function, which is a sequence.
  const prfNode = rest.find(isSequence);
  const prf = prfNode === undefined ? hmacSha1 : identifierOf(membersOf(prfNode, what)[0], what);
  const hashName = hmacNames[prf];
  if (hashName === undefined) throw unknownAlgorithm("pseudo-random function", prf);
  const [cipherName, ivNode] = membersOf(encryption, what);
  const cipherId = identifierOf(cipherName, what);
  const cipher = pbes2Ciphers[cipherId];
  if (cipher === undefined) throw unknownAlgorithm("cipher", cipherId);
  const rounds = budget.take(integerOf(roundsNode, what));
  const key = pbkdf2Sync(password.utf8, bytesOf(saltNode, what), rounds, cipher.keyLength, hashName);
  return decryptWith(cipher.name, key, bytesOf(ivNode, what), sealed);
}

function decryptWith(cipherName: string, key: Buffer, iv: Buffer, sealed: Buffer): Buffer | undefined {
  try {
    const decipher = createDecipheriv(cipherName, key, iv);
    return Buffer.concat([decipher.update(sealed), decipher.final()]);
  } catch {
    // Wrong padding: the password does not fit.
    return undefined;
  }
}

/** OpenSSL 3 keeps RC2 in a provider that Node does not load. */
function decryptRc2(key: Buffer, iv: Buffer, sealed: Buffer): Buffer | undefined {
  const { rc2, util } = forge();
  const decipher = rc2.createDecryptionCipher(key.toString("latin1"), 8 * key.length);
  decipher.start(iv.toString("latin1"));
  decipher.update(util.createBuffer(sealed.toString("latin1")));
  return decipher.finish() ? Buffer.from(decipher.output.getBytes(), "latin1") : undefined;
}

/** Two-key triple DES uses its first key again as the third. */
function tripleKey(key: Buffer): Buffer {
  return key.length === 24 ? key : Buffer.concat([key, key.subarray(0, 8)]);
}

function unknownAlgorithm(what: string, identifier: string): ObjectError {
  return new ObjectError(
    "Conversion",
    `the PKCS#12 uses a ${what} that is not supported (object identifier ${identifier}): export it with AES-256 and SHA-256`,
  );
}

const pbes2 = "1.2.840.113549.1.5.13";
const pbkdf2 = "1.2.840.113549.1.5.12";
const hmacSha1 = "1.2.840.113549.2.7";

const digestNames: Readonly<Record<string, string>> = {
  "1.2.840.113549.2.5": "md5",
  "1.3.14.3.2.26": "sha1",
  "2.16.840.1.101.3.4.2.4": "sha224",
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};

const hmacNames: Readonly<Record<string, string>> = {
  [hmacSha1]: "sha1",
  "1.2.840.113549.2.8": "sha224",
  "1.2.840.113549.2.9": "sha256",
  "1.2.840.113549.2.10": "sha384",
  "1.2.840.113549.2.11": "sha512",
};

const pkcs12Schemes: Readonly<
  Record<string, { readonly cipher: "3des" | "rc2"; readonly keyLength: number }>
> = {
  "1.2.840.113549.1.12.1.3": { cipher: "3des", keyLength: 24 },
  "1.2.840.113549.1.12.1.4": { cipher: "3des", keyLength: 16 },
  "1.2.840.113549.1.12.1.5": { cipher: "rc2", keyLength: 16 },
  "1.2.840.113549.1.12.1.6": { cipher: "rc2", keyLength: 5 },
};

const pbes2Ciphers: Readonly<Record<string, { readonly name: string; readonly keyLength: number }>> = {
  "1.2.840.113549.3.7": { name: "des-ede3-cbc", keyLength: 24 },
  "2.16.840.1.101.3.4.1.2": { name: "aes-128-cbc", keyLength: 16 },
  "2.16.840.1.101.3.4.1.22": { name: "aes-192-cbc", keyLength: 24 },
  "2.16.840.1.101.3.4.1.42": { name: "aes-256-cbc", keyLength: 32 },
};
