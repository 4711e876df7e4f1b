import {
  constants,
  createHash,
  generateKeyPairSync,
  randomBytes,
  sign,
  verify,
  type KeyObject,
} from "node:crypto";
import { CryptographyClient, KeyClient, type KeyVaultKey } from "@azure/keyvault-keys";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../core/random.ts";
import { VirtualClock } from "../core/virtual-clock.ts";
import { canaryValue, expectNoCanary } from "../../test/support/canary.ts";
import { holdToken } from "../../test/support/emulator-requests.ts";
import { sdkOf } from "../../test/support/emulator-sdk.ts";
import { isDigestSignature, signDigest } from "./ecdsa.ts";
import { createEmulator } from "./index.ts";
import { isPkcs1Signature, isPssSignature, signPkcs1, signPss } from "./rsa-digest.ts";

const data = Buffer.from("what is signed");

function newScene() {
  const emulator = createEmulator({ vaults: ["demo"], clock: new VirtualClock(), random: seededRandom(1) });
  const { url, credential, options } = sdkOf(emulator);
  return {
    emulator,
    keys: new KeyClient(url, credential, options),
    cryptography: (key: KeyVaultKey) => new CryptographyClient(key.id!, credential, options),
  };
}

describe("signatures over a digest agree with node:crypto's over the data", () => {
  test.each([
    ["P-256", "prime256v1", "sha256"],
    ["P-384", "secp384r1", "sha384"],
    ["P-521", "secp521r1", "sha512"],
    ["P-256K", "secp256k1", "sha256"],
  ] as const)("on curve %s", (name, namedCurve, hash) => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve });
    const jwk = privateKey.export({ format: "jwk" });
    const digest = createHash(hash).update(data).digest();
    const encoding = { dsaEncoding: "ieee-p1363" } as const;
    const own = signDigest(name, jwk, digest);
    expect(verify(hash, data, { key: publicKey, ...encoding }, own)).toBe(true);
    const theirs = sign(hash, data, { key: privateKey, ...encoding });
    expect(isDigestSignature(name, jwk, digest, theirs)).toBe(true);
    expect(isDigestSignature(name, jwk, createHash(hash).update("x").digest(), theirs)).toBe(false);
    expect(isDigestSignature(name, jwk, digest, theirs.subarray(1))).toBe(false);
    expect(isDigestSignature(name, jwk, digest, Buffer.alloc(theirs.length))).toBe(false);
    expect(isDigestSignature(name, jwk, digest, randomBytes(theirs.length))).toBe(false);
  });

  test.each(["sha256", "sha384", "sha512"] as const)("of RSA with %s", (hash) => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const digest = createHash(hash).update(data).digest();
    const pss = (key: KeyObject) => ({
      key,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
    });
    expect(verify(hash, data, publicKey, signPkcs1(hash, privateKey, digest))).toBe(true);
    expect(verify(hash, data, pss(publicKey), signPss(hash, privateKey, digest))).toBe(true);
    expect(isPkcs1Signature(hash, publicKey, digest, sign(hash, data, privateKey))).toBe(true);
    const theirs = sign(hash, data, pss(privateKey));
    expect(isPssSignature(hash, publicKey, digest, theirs)).toBe(true);
    expect(isPssSignature(hash, publicKey, createHash(hash).update("x").digest(), theirs)).toBe(false);
    expect(isPssSignature(hash, publicKey, digest, sign(hash, data, privateKey))).toBe(false);
    expect(isPkcs1Signature(hash, publicKey, digest, theirs)).toBe(false);
  });
});

describe("the official cryptography client, unmodified", () => {
  test.each(["RSA1_5", "RSA-OAEP", "RSA-OAEP-256"] as const)(
    "encrypts, decrypts, wraps and unwraps with %s",
    async (algorithm) => {
      const { keys, cryptography } = newScene();
      const client = cryptography(await keys.createRsaKey("rsa"));
      const { result } = await client.encrypt({ algorithm, plaintext: data });
      expect(Buffer.from((await client.decrypt({ algorithm, ciphertext: result })).result)).toEqual(data);
      const wrapped = await client.wrapKey(algorithm, data);
      expect(Buffer.from((await client.unwrapKey(algorithm, wrapped.result)).result)).toEqual(data);
    },
  );

  test.each([
    ["RS256", "sha256"],
    ["PS512", "sha512"],
  ])("signs and verifies with %s", async (algorithm, hash) => {
    const { keys, cryptography } = newScene();
    const client = cryptography(await keys.createRsaKey("rsa"));
    const digest = createHash(hash).update(data).digest();
    const { result } = await client.sign(algorithm, digest);
    expect((await client.verify(algorithm, digest, result)).result).toBe(true);
    expect((await client.verify(algorithm, createHash(hash).update("x").digest(), result)).result).toBe(
      false,
    );
  });

  test.each([
    ["P-256", "ES256", "sha256"],
    ["P-521", "ES512", "sha512"],
    ["P-256K", "ES256K", "sha256"],
  ])("signs and verifies on %s", async (curve, algorithm, hash) => {
    const { keys, cryptography } = newScene();
    const client = cryptography(await keys.createEcKey("ec", { curve }));
    const digest = createHash(hash).update(data).digest();
    const { result } = await client.sign(algorithm, digest);
    expect((await client.verify(algorithm, digest, result)).result).toBe(true);
  });
});

describe("a key that may not be used", () => {
  const digest = createHash("sha256").update(data).digest("base64url");
  test.each([
    ["expired", { attributes: { exp: 1000 } }, "KeyExpired"],
    ["not yet valid", { attributes: { nbf: 4_000_000_000 } }, "KeyNotYetValid"],
    ["disabled", { attributes: { enabled: false } }, "KeyDisabled"],
    ["for verifying only", { key_ops: ["verify"] }, "KeyOperationForbidden"],
  ])("because it is %s does not sign", async (_why, parameters, innerCode) => {
    const { emulator } = newScene();
    const holder = await holdToken(emulator, "demo");
    await holder.send("POST", "/keys/k/create", { kty: "EC", ...parameters });
    const response = await holder.send("POST", "/keys/k/sign", { alg: "ES256", value: digest });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({
      error: { code: "Forbidden", innererror: { code: innerCode } },
    });
  });

  test("still verifies when it has expired", async () => {
    const { emulator } = newScene();
    const holder = await holdToken(emulator, "demo");
    await holder.send("POST", "/keys/k/create", { kty: "EC", attributes: { exp: 1000 } });
    const value = randomBytes(64).toString("base64url");
    const response = await holder.send("POST", "/keys/k/verify", { alg: "ES256", digest, value });
    expect(await response.json()).toEqual({ value: false });
  });
});

describe("a wrong request to a key", () => {
  test.each([
    ["sign", {}, "Property alg"],
    ["sign", { alg: "RS256", value: "x" }, "Property alg"],
    ["sign", { alg: "ES256", value: "x" }, "not a digest of 32 bytes"],
    ["sign", { alg: "ES256", value: `${canaryValue}!` }, "not base64url"],
    ["verify", { alg: "ES256", value: "x" }, "Property digest"],
  ])("%s %j names what is wrong: %s", async (operation, body, text) => {
    const { emulator, keys } = newScene();
    await keys.createEcKey("ec");
    const response = await (await holdToken(emulator, "demo")).send("POST", `/keys/ec/${operation}`, body);
    const answer = await response.text();
    expect(response.status).toBe(400);
    expect(answer).toContain(text);
    expectNoCanary(answer);
  });

  test("is charged by the weight of the key", async () => {
    const { emulator, keys } = newScene();
    await keys.createRsaKey("big", { keySize: 3072 });
    const holder = await holdToken(emulator, "demo");
    await holder.send("POST", "/keys/big/encrypt", { alg: "RSA-OAEP", value: "AAAA" });
    expect(emulator.vault("demo").usedUnits("keyUnits")).toBe(4);
  });
});
