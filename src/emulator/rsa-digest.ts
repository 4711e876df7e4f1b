import {
  constants,
  createHash,
  privateEncrypt,
  publicDecrypt,
  randomBytes,
  type KeyObject,
} from "node:crypto";

/** RSA signatures over a digest that is already made, which node:crypto does not offer (RFC 8017 8 and 9). */
export type DigestName = "sha256" | "sha384" | "sha512";

/** The length of a digest. */
export const digestBytes: Readonly<Record<DigestName, number>> = { sha256: 32, sha384: 48, sha512: 64 };

const digestInfoPrefixes: Readonly<Record<DigestName, string>> = {
  sha256: "3031300d060960864801650304020105000420",
  sha384: "3041300d060960864801650304020205000430",
  sha512: "3051300d060960864801650304020305000440",
};

/** RSASSA-PKCS1-v1_5. */
export function signPkcs1(hash: DigestName, key: KeyObject, digest: Buffer): Buffer {
  return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, digestInfo(hash, digest));
}

/** Whether `signature` is {@link signPkcs1}'s of this digest. */
export function isPkcs1Signature(
  hash: DigestName,
  key: KeyObject,
  digest: Buffer,
  signature: Buffer,
): boolean {
  try {
    const found = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature);
    return found.equals(digestInfo(hash, digest));
  } catch {
    return false;
  }
}

/** RSASSA-PSS with MGF1 of the same hash and a salt as long as the digest. */
export function signPss(hash: DigestName, key: KeyObject, digest: Buffer): Buffer {
  const salt = randomBytes(digestBytes[hash]);
  const sizeBytes = modulusBytesOf(key);
  const seed = saltedHash(hash, digest, salt);
  const padding = Buffer.alloc(sizeBytes - 2 * digestBytes[hash] - 2);
  const block = Buffer.concat([padding, Uint8Array.of(1), salt]);
  const masked = xor(block, mask(hash, seed, block.length));
  masked[0]! &= 0x7f;
  const encoded = Buffer.concat([masked, seed, Uint8Array.of(0xbc)]);
  return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoded);
}

/** Whether `signature` is one of {@link signPss} of this digest. */
export function isPssSignature(hash: DigestName, key: KeyObject, digest: Buffer, signature: Buffer): boolean {
  if (signature.length !== modulusBytesOf(key)) return false;
  let encoded: Buffer;
  try {
    encoded = publicDecrypt({ key, padding: constants.RSA_NO_PADDING }, signature);
  } catch {
    return false;
  }
  const seedStart = encoded.length - digestBytes[hash] - 1;
  if (encoded.at(-1) !== 0xbc || encoded[0]! > 0x7f) return false;
  const seed = encoded.subarray(seedStart, -1);
  const block = xor(encoded.subarray(0, seedStart), mask(hash, seed, seedStart));
  block[0]! &= 0x7f;
  const one = block.length - digestBytes[hash] - 1;
  const isPadded = block.subarray(0, one).every((byte) => byte === 0) && block[one] === 1;
  return isPadded && saltedHash(hash, digest, block.subarray(one + 1)).equals(seed);
}

function digestInfo(hash: DigestName, digest: Buffer): Buffer {
  return Buffer.concat([Buffer.from(digestInfoPrefixes[hash], "hex"), digest]);
}

function saltedHash(hash: DigestName, digest: Buffer, salt: Buffer): Buffer {
  return createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest();
}

/** MGF1. */
function mask(hash: DigestName, seed: Buffer, sizeBytes: number): Buffer {
  const blocks: Buffer[] = [];
  for (let index = 0; index * digestBytes[hash] < sizeBytes; index++) {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(index);
    blocks.push(createHash(hash).update(seed).update(counter).digest());
  }
  return Buffer.concat(blocks).subarray(0, sizeBytes);
}

function xor(left: Buffer, right: Buffer): Buffer {
  return Buffer.from(left.map((byte, index) => byte ^ right[index]!));
}

function modulusBytesOf(key: KeyObject): number {
  return Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8);
}
