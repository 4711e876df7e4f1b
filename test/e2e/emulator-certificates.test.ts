import { execFileSync } from "node:child_process";
import { generateKeyPairSync, X509Certificate, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readPkcs12, writePkcs12 } from "../../src/emulator/pkcs12.ts";
import { writeCertificate } from "../../src/emulator/x509-writer.ts";

const subject = 'CN=shop.example, O="Shop, and more"';

function pairOf(type: "rsa" | "ec"): {
  readonly privateKey: KeyObject;
  readonly certificate: X509Certificate;
} {
  const { privateKey, publicKey } =
    type === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: "P-384" });
  const content = {
    subject,
    dnsNames: ["shop.example"],
    emails: [],
    keyUsage: ["digitalSignature"],
    extendedKeyUsage: [],
  };
  const validity = { serial: "42", fromMs: Date.UTC(2026, 0), untilMs: Date.UTC(2060, 0) };
  const certificate = writeCertificate(content, publicKey, { subject, privateKey }, validity);
  return { privateKey, certificate: new X509Certificate(certificate) };
}

test.each(["rsa", "ec"] as const)("OpenSSL reads the PFX that a vault hands out for an %s key", (type) => {
  const { privateKey, certificate } = pairOf(type);
  const file = writePkcs12({ privateKey, certificates: [certificate] });
  const text = execFileSync("openssl", ["pkcs12", "-passin", "pass:", "-nodes"], {
    input: file,
    stdio: "pipe",
  });
  expect(text.toString()).toContain("BEGIN PRIVATE KEY");
  expect(text.toString()).toContain(certificate.toString());
});

test.each([
  ["rsa", []],
  ["ec", []],
  ["rsa", ["-certpbe", "PBE-SHA1-RC2-40", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1", "-legacy"]],
  ["ec", ["-certpbe", "AES-128-CBC", "-keypbe", "AES-256-CBC", "-macalg", "sha512"]],
] as const)(
  "a vault reads the PFX that OpenSSL writes for an %s key with the options %j",
  (type, options) => {
    const { privateKey, certificate } = pairOf(type);
    const folder = mkdtempSync(join(tmpdir(), "keyweir-pfx-"));
    try {
      const pem = join(folder, "pair.pem");
      writeFileSync(
        pem,
        `${String(privateKey.export({ format: "pem", type: "pkcs8" }))}${certificate.toString()}`,
      );
      const args = ["pkcs12", "-export", "-in", pem, "-passout", "pass:word", ...options];
      const content = readPkcs12(execFileSync("openssl", args, { stdio: "pipe" }), "word")!;
      expect(content.privateKey!.equals(privateKey)).toBe(true);
      expect(content.certificates[0]!.raw.equals(certificate.raw)).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
