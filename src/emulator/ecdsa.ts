import { createECDH, randomBytes } from "node:crypto";
import type { JsonWebKey } from "node:crypto";
import type { CurveName } from "./key-material.ts";

/**
 * ECDSA over a digest that is already made, which node:crypto does not offer and Key Vault's sign and verify need.
 * Not constant in time: for an emulator whose keys protect nothing.
 */
interface Curve {
  readonly openSslName: string;
  /** The field's prime, the first coefficient and the order of the base point. */
  readonly p: bigint;
  readonly a: bigint;
  readonly n: bigint;
  readonly sizeBytes: number;
}

const p256 = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const p384 = 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n;
const p521 = 2n ** 521n - 1n;
const p256k = 2n ** 256n - 2n ** 32n - 977n;

const curves: Readonly<Record<CurveName, Curve>> = {
  "P-256": {
    openSslName: "prime256v1",
    p: p256,
    a: p256 - 3n,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    sizeBytes: 32,
  },
  "P-384": {
    openSslName: "secp384r1",
    p: p384,
    a: p384 - 3n,
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    sizeBytes: 48,
  },
  "P-521": {
    openSslName: "secp521r1",
    p: p521,
    a: p521 - 3n,
    n: 0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
    sizeBytes: 66,
  },
  "P-256K": {
    openSslName: "secp256k1",
    p: p256k,
    a: 0n,
    n: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
    sizeBytes: 32,
  },
};

/** Signs a digest; the signature is r and s, each as long as the curve's order. */
export function signDigest(name: CurveName, { d }: JsonWebKey, digest: Buffer): Buffer {
  const curve = curves[name];
  const { n, sizeBytes } = curve;
  for (;;) {
    const nonce = toBigInt(randomBytes(sizeBytes + 8)) % n;
    if (nonce === 0n) continue;
    const r = basePointTimes(curve, nonce).x % n;
    const s = modulo(
      inverse(nonce, n) * (toBigInt(digest) + r * toBigInt(Buffer.from(d ?? "", "base64url"))),
      n,
    );
    if (r !== 0n && s !== 0n) return Buffer.concat([toBytes(r, sizeBytes), toBytes(s, sizeBytes)]);
  }
}

/** Whether a signature of {@link signDigest}'s form fits digest and public key. */
export function isDigestSignature(
  name: CurveName,
  { x, y }: JsonWebKey,
  digest: Buffer,
  signature: Buffer,
): boolean {
  const curve = curves[name];
  const { n, p, sizeBytes } = curve;
  if (signature.length !== 2 * sizeBytes) return false;
  const r = toBigInt(signature.subarray(0, sizeBytes));
  const s = toBigInt(signature.subarray(sizeBytes));
  if (r === 0n || s === 0n || r >= n || s >= n) return false;
  const w = inverse(s, n);
  const u1 = modulo(toBigInt(digest) * w, n);
  const u2 = modulo(r * w, n);
  const key = {
    x: toBigInt(Buffer.from(x ?? "", "base64url")),
    y: toBigInt(Buffer.from(y ?? "", "base64url")),
    z: 1n,
  };
  const base = u1 === 0n ? infinity : { ...basePointTimes(curve, u1), z: 1n };
  const sum = add(curve, base, multiply(curve, key, u2));
  if (sum.z === 0n) return false;
  const zInverse = inverse(sum.z, p);
  return modulo(sum.x * zInverse * zInverse, p) % n === r;
}

/** A point in Jacobian coordinates: (x / z², y / z³). */
interface Point {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
}

const infinity: Point = { x: 1n, y: 1n, z: 0n };

function basePointTimes(
  { openSslName, sizeBytes }: Curve,
  factor: bigint,
): { readonly x: bigint; readonly y: bigint } {
  const ecdh = createECDH(openSslName);
  ecdh.setPrivateKey(toBytes(factor, sizeBytes));
  const point = ecdh.getPublicKey();
  return { x: toBigInt(point.subarray(1, 1 + sizeBytes)), y: toBigInt(point.subarray(1 + sizeBytes)) };
}

function multiply(curve: Curve, point: Point, factor: bigint): Point {
  let product = infinity;
  for (const bit of factor.toString(2)) {
    product = double(curve, product);
    if (bit === "1") product = add(curve, product, point);
  }
  return product;
}

function double({ p, a }: Curve, { x, y, z }: Point): Point {
  if (z === 0n || y === 0n) return infinity;
  const ySquared = modulo(y * y, p);
  const s = modulo(4n * x * ySquared, p);
  const zSquared = modulo(z * z, p);
  const m = modulo(3n * x * x + a * zSquared * zSquared, p);
  const newX = modulo(m * m - 2n * s, p);
  return { x: newX, y: modulo(m * (s - newX) - 8n * ySquared * ySquared, p), z: modulo(2n * y * z, p) };
}

function add(curve: Curve, left: Point, right: Point): Point {
  if (left.z === 0n) return right;
  if (right.z === 0n) return left;
  const { p } = curve;
  const leftZ = modulo(left.z * left.z, p);
  const rightZ = modulo(right.z * right.z, p);
  const u = modulo(left.x * rightZ, p);
  const s = modulo(left.y * rightZ * right.z, p);
  const h = modulo(right.x * leftZ - u, p);
  const r = modulo(right.y * leftZ * left.z - s, p);
  if (h === 0n) return r === 0n ? double(curve, left) : infinity;
  const hSquared = modulo(h * h, p);
  const hCubed = modulo(h * hSquared, p);
  const x = modulo(r * r - hCubed - 2n * u * hSquared, p);
  return { x, y: modulo(r * (u * hSquared - x) - s * hCubed, p), z: modulo(h * left.z * right.z, p) };
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [low, high] = [modulo(value, modulus), modulus];
  let [lowFactor, highFactor] = [1n, 0n];
  while (low > 1n) {
    const quotient = high / low;
    [low, high] = [high - quotient * low, low];
    [lowFactor, highFactor] = [highFactor - quotient * lowFactor, lowFactor];
  }
  return modulo(lowFactor, modulus);
}

function modulo(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

function toBigInt(bytes: Buffer): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString("hex")}`);
}

function toBytes(value: bigint, sizeBytes: number): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * sizeBytes, "0"), "hex");
}
