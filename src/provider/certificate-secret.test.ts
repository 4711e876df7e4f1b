import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import forge from "node-forge";
import { describe, expect, test } from "vitest";
import { orderChain } from "./certificate-chain.ts";
import { readCertificateSecret } from "./certificate-secret.ts";
import { encodePem, parsePem } from "./pem.ts";
import { readPkcs12 } from "./pkcs12-read.ts";
import { writePkcs12 } from "./pkcs12-write.ts";

const pfxBytes = (name: string) => readFileSync(new URL(`fixtures/${name}.pfx`, import.meta.url));
const pfxText = (name: string) => pfxBytes(name).toString("base64");
const [leaf, intermediate, root, cross, otherRoot] = parsePem(
  readFileSync(new URL("fixtures/certificates.pem", import.meta.url), "utf8"),
).map((block) => block.der) as [Buffer, Buffer, Buffer, Buffer, Buffer];
const leafKey = readPkcs12(pfxBytes("3des-sha1")).keys[0]!;

function subjectsOf(pem: string): string[] {
  const blocks = parsePem(pem).filter((block) => block.label === "CERTIFICATE");
  return blocks.map((block) => new X509Certificate(block.der).subject.replace("CN=keyweir ", ""));
}

describe("PKCS#12 becomes PEM", () => {
  test.each([
    "rc2-40-3des-sha1",
    "rc2-128-sha1",
    "3des-sha1",
    "2des-sha224",
    "aes128-sha512",
    "aes192-sha384",
    "aes256-sha256",
    "plain-without-mac",
    "aes256-without-mac",
  ])("%s: the key first, then the chain leaf to root", (name) => {
    const { pem } = readCertificateSecret(pfxText(name), "application/x-pkcs12");
    expect(parsePem(pem).map((block) => block.label)).toEqual([
      "PRIVATE KEY",
      ...Array(3).fill("CERTIFICATE"),
    ]);
    expect(subjectsOf(pem)).toEqual(["leaf", "intermediate", "root"]);
    expect(parsePem(pem)[0]?.der).toEqual(leafKey);
  });

  test.each([
    ["rsa", "rsa"],
    ["p384", "ec"],
    ["p521", "ec"],
    ["ed25519", "ed25519"],
  ])("%s keys stay what they are", (name, type) => {
    const { keys, certificates } = readCertificateSecret(pfxText(name), "application/x-pkcs12");
    const key = createPrivateKey(keys);
    expect(key.asymmetricKeyType).toBe(type);
    expect(new X509Certificate(certificates).checkPrivateKey(key)).toBe(true);
    expect(subjectsOf(certificates)).toEqual([name, "intermediate", "root"]);
  });

  test("without a password at all, which is not the empty one", () => {
    const { keys, certificates } = readCertificateSecret(pfxText("rsa"), undefined);
    const certificate = forge.pki.certificateFromPem(certificates);
    const file = forge.pkcs12.toPkcs12Asn1(forge.pki.privateKeyFromPem(keys), [certificate], null);
    const bytes = Buffer.from(forge.asn1.toDer(file).getBytes(), "latin1");
    expect(readPkcs12(bytes).keys).toEqual(parsePem(keys).map((block) => block.der));
  });

  test("a content type that is missing or unknown is made up for by the value", () => {
    for (const contentType of [undefined, "", "text/plain"]) {
      expect(subjectsOf(readCertificateSecret(pfxText("3des-sha1"), contentType).pem)).toHaveLength(3);
      const { pem } = readCertificateSecret(encodePem("CERTIFICATE", leaf), contentType);
      expect(subjectsOf(pem)).toEqual(["leaf"]);
    }
  });
});

describe("what is no readable certificate is an error", () => {
  const damaged = pfxBytes("aes256-sha256");
  damaged[900]! ^= 1;
  test.each([
    ["a password", pfxText("with-password"), "the PKCS#12 has a password, or was changed"],
    ["a changed byte", damaged.toString("base64"), "the PKCS#12 has a password, or was changed"],
    ["half a file", pfxBytes("3des-sha1").subarray(0, 900).toString("base64"), "the file is damaged"],
    ["an empty value", "", "the file is damaged"],
    ["no base64", "not base64!", "the value is not base64"],
  ])("%s", (_name, value, expected) => {
    const forms = readCertificateSecret(value, "application/x-pkcs12");
    expect(() => forms.pem).toThrow(expected);
    // As it is it can be delivered all the same.
    expect(forms.pfx).toBe(value);
  });

  test.each([
    ["no PEM", "hello", "it has no BEGIN line"],
    ["a block without end", "-----BEGIN CERTIFICATE-----\nAAAA\n", "block 1 of the PEM text has no end"],
    [
      "a block that is not base64",
      `${encodePem("CERTIFICATE", leaf)}-----BEGIN PRIVATE KEY-----\nA*A\n-----END PRIVATE KEY-----`,
      "block 2 of the PEM text is not base64",
    ],
  ])("%s", (_name, value, expected) => {
    expect(() => readCertificateSecret(value, "application/x-pem-file")).toThrow(expected);
  });
});

describe("PEM", () => {
  const key = encodePem("PRIVATE KEY", leafKey);
  const chain = [leaf, intermediate, root].map((der) => encodePem("CERTIFICATE", der)).join("");

  test("in order stays as it is, to the byte", () => {
    const value = `Bag Attributes: none\r\n${chain}\n${key.replaceAll("\n", "\r\n")}`;
    expect(readCertificateSecret(value, "application/x-pem-file").pem).toBe(value);
  });

  test("out of order is put in order", () => {
    const value = [root, leaf, intermediate].map((der) => encodePem("CERTIFICATE", der)).join("") + key;
    expect(readCertificateSecret(value, "application/x-pem-file").pem).toBe(key + chain);
  });

  test("comes apart into certificates and keys", () => {
    const forms = readCertificateSecret(chain + key, "application/x-pem-file");
    expect(forms.certificates).toBe(chain);
    expect(forms.keys).toBe(key);
  });

  test("becomes a PKCS#12 that reads back, the same each time", () => {
    const { pfx } = readCertificateSecret(chain + key, "application/x-pem-file");
    expect(readCertificateSecret(pfx, "application/x-pkcs12").pem).toBe(key + chain);
    expect(readCertificateSecret(chain + key, "application/x-pem-file").pfx).toBe(pfx);
  });

  test.each([
    ["RSA PRIVATE KEY", "rsa", "pkcs1"],
    ["EC PRIVATE KEY", "p384", "sec1"],
  ] as const)("with a %s becomes a PKCS#12 too", (label, name, type) => {
    const { keys } = readCertificateSecret(pfxText(name), undefined);
    const legacy = createPrivateKey(keys).export({ format: "pem", type }).toString();
    expect(legacy).toContain(label);
    // OpenSSL writes such a block before the keys of curves.
    const parameters = encodePem("EC PARAMETERS", Buffer.from("06082a8648ce3d030107", "hex"));
    const { pfx } = readCertificateSecret(parameters + legacy + encodePem("CERTIFICATE", leaf), undefined);
    expect(readCertificateSecret(pfx, undefined).keys).toBe(keys);
  });

  test("with an encrypted key is no PKCS#12 that could be made", () => {
    const sealed = createPrivateKey(key).export({
      format: "pem",
      type: "pkcs8",
      cipher: "aes-256-cbc",
      passphrase: "p",
    });
    const forms = readCertificateSecret(chain + sealed.toString(), undefined);
    expect(() => forms.pfx).toThrow("has a password or is damaged");
  });
});

test("our PKCS#12 is read by the other library", () => {
  const bytes = writePkcs12([leafKey], [leaf, intermediate]);
  const file = forge.pkcs12.pkcs12FromAsn1(forge.asn1.fromDer(bytes.toString("latin1")), "");
  const bags = file.safeContents.flatMap((safe) => safe.safeBags);
  expect(bags).toHaveLength(3);
  expect(file.safeContents.map((safe) => safe.encrypted)).toEqual([true, false]);
});

describe("chains", () => {
  const name = (der: Buffer) =>
    new X509Certificate(der).subject.replace("CN=keyweir ", "") + (der === cross ? "'" : "");
  test.each([
    ["reversed", [root, intermediate, leaf], "leaf intermediate root"],
    ["without root", [intermediate, leaf], "leaf intermediate"],
    ["without intermediate", [root, leaf], "leaf root"],
    ["without leaf", [root, intermediate], "intermediate root"],
    ["one alone", [intermediate], "intermediate"],
    ["none", [], ""],
    ["with one twice", [root, leaf, intermediate, Buffer.from(leaf)], "leaf intermediate root"],
    [
      "cross-signed, both roots",
      [otherRoot, cross, root, leaf, intermediate],
      "leaf intermediate' other-root root intermediate",
    ],
    [
      "cross-signed, one root",
      [intermediate, cross, otherRoot, leaf],
      "leaf intermediate' other-root intermediate",
    ],
    [
      "with a foreign certificate",
      [otherRoot, root, intermediate, leaf],
      "leaf intermediate root other-root",
    ],
  ])("%s", (_case, given, expected) => {
    expect(orderChain(given, leafKey).map(name).join(" ")).toBe(expected);
  });

  test("without a key the leaf is the one that issued no other", () => {
    expect(orderChain([root, intermediate, leaf], undefined)).toEqual([leaf, intermediate, root]);
  });

  test("something that is no certificate leaves the order alone", () => {
    const odd = Buffer.from("odd");
    expect(orderChain([root, odd, leaf], leafKey)).toEqual([root, odd, leaf]);
  });
});
