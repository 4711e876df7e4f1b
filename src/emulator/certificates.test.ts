import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  X509Certificate,
  type KeyObject,
} from "node:crypto";
import { CertificateClient, type CertificatePolicy } from "@azure/keyvault-certificates";
import { KeyClient } from "@azure/keyvault-keys";
import { SecretClient } from "@azure/keyvault-secrets";
import forge from "node-forge";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../core/random.ts";
import { VirtualClock } from "../core/virtual-clock.ts";
import { canaryValue, expectNoCanary } from "../../test/support/canary.ts";
import { holdToken } from "../../test/support/emulator-requests.ts";
import { namesIn, sdkOf } from "../../test/support/emulator-sdk.ts";
import { readPkcs12 } from "./pkcs12.ts";
import { createEmulator } from "./index.ts";
import { writeCertificate } from "./x509-writer.ts";

const subject = "CN=shop.example, O=Shop";
const clock = new VirtualClock();

function newScene() {
  const emulator = createEmulator({ vaults: ["demo", "other"], clock, random: seededRandom(1) });
  const clientsOf = (vault: string) => {
    const { url, credential, options } = sdkOf(emulator, vault);
    return {
      certificates: new CertificateClient(url, credential, options),
      keys: new KeyClient(url, credential, options),
      secrets: new SecretClient(url, credential, options),
    };
  };
  return { emulator, clientsOf, ...clientsOf("demo") };
}

function selfSigned(type: "rsa" | "ec") {
  const { privateKey, publicKey } =
    type === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: "P-384" });
  const content = { subject, dnsNames: ["shop.example"], emails: [], keyUsage: [], extendedKeyUsage: [] };
  const validity = { serial: "42", fromMs: clock.wallMs(), untilMs: Date.UTC(2060, 0, 1) };
  const certificate = new X509Certificate(
    writeCertificate(content, publicKey, { subject, privateKey }, validity),
  );
  return { privateKey, certificate };
}

async function create(client: CertificateClient, name: string, policy: CertificatePolicy) {
  const poller = await client.beginCreateCertificate(name, policy, { intervalInMs: 1 });
  return poller.pollUntilDone();
}

describe("the official SDK for certificates, unmodified", () => {
  test("creates a self-signed certificate with its key and its secret", async () => {
    const { certificates, keys, secrets } = newScene();
    const made = await create(certificates, "web", {
      issuerName: "Self",
      subject,
      subjectAlternativeNames: { dnsNames: ["shop.example", "www.shop.example"] },
      keyType: "RSA",
      keySize: 2048,
      validityInMonths: 6,
    });
    const leaf = new X509Certificate(Buffer.from(made.cer!));
    expect(leaf.subject).toBe("CN=shop.example\nO=Shop");
    expect(leaf.subjectAltName).toBe("DNS:shop.example, DNS:www.shop.example");
    expect(leaf.verify(leaf.publicKey)).toBe(true);
    expect(made.properties.expiresOn).toEqual(new Date(leaf.validTo));
    expect(Buffer.from(made.properties.x509Thumbprint!).toString("hex")).toBe(
      leaf.fingerprint.replaceAll(":", "").toLowerCase(),
    );

    const secret = await secrets.getSecret("web");
    expect(secret.properties).toMatchObject({ contentType: "application/x-pkcs12", managed: true });
    expect(secret.properties.certificateKeyId).toBe(made.keyId);
    expect(secret.properties.version).toBe(made.properties.version);
    const pfx = readPkcs12(Buffer.from(secret.value!, "base64"), "")!;
    expect(pfx.certificates[0]!.checkPrivateKey(pfx.privateKey!)).toBe(true);

    const key = await keys.getKey("web");
    expect(key.properties.managed).toBe(true);
    expect(Buffer.from(key.key!.n!).toString("base64url")).toBe(leaf.publicKey.export({ format: "jwk" }).n);
  });

  test("issues a chain by the emulator's own authority, as PEM with the key first", async () => {
    const { certificates, secrets } = newScene();
    await create(certificates, "web", {
      issuerName: "some-authority",
      subject,
      keyType: "EC",
      keyCurveName: "P-256",
      contentType: "application/x-pem-file",
    });
    const pem = (await secrets.getSecret("web")).value!;
    const [leaf, root] = pem
      .match(/-----BEGIN CERT[^-]+-----[^-]+-----END CERT[^-]+-----/g)!
      .map((each) => new X509Certificate(each));
    expect(pem.startsWith("-----BEGIN PRIVATE KEY-----")).toBe(true);
    expect(leaf!.checkPrivateKey(createPrivateKey(pem))).toBe(true);
    expect(leaf!.verify(root!.publicKey)).toBe(true);
    expect([leaf!.ca, root!.ca, leaf!.checkIssued(root!)]).toEqual([false, true, true]);
  });

  test("waits with a request for a certificate that is signed elsewhere, and takes it", async () => {
    const { certificates } = newScene();
    await certificates.beginCreateCertificate("web", { issuerName: "Unknown", subject, keyType: "RSA" });
    const { certificateOperation: pending } = (
      await certificates.getCertificateOperation("web")
    ).getOperationState();
    expect(pending!.status).toBe("inProgress");
    expect(await namesIn(certificates.listPropertiesOfCertificates())).toEqual([]);
    expect(await namesIn(certificates.listPropertiesOfCertificates({ includePending: true }))).toEqual([
      "web",
    ]);
    const der = forge.asn1.fromDer(Buffer.from(pending!.csr!).toString("binary"));
    const request = forge.pki.certificationRequestFromAsn1(der, true);
    expect(request.verify()).toBe(true);
    const publicKey = createPublicKey(forge.pki.publicKeyToPem(request.publicKey!));
    const authority = selfSigned("rsa");
    const content = { subject, dnsNames: [], emails: [], keyUsage: [], extendedKeyUsage: [] };
    const issuer = { subject, privateKey: authority.privateKey };
    const validity = { serial: "43", fromMs: clock.wallMs(), untilMs: clock.wallMs() + 86_400_000 };
    await expect(certificates.mergeCertificate("web", [authority.certificate.raw])).rejects.toMatchObject({
      statusCode: 400,
    });
    const merged = await certificates.mergeCertificate("web", [
      writeCertificate(content, publicKey, issuer, validity),
    ]);
    expect(merged.properties.expiresOn).toEqual(new Date(validity.untilMs));
  });

  test("imports a PFX with a password", async () => {
    const { certificates, secrets } = newScene();
    const { privateKey, certificate } = selfSigned("rsa");
    const pfx = exportPfx(privateKey, certificate, "word");
    const imported = await certificates.importCertificate("web", pfx, { password: "word" });
    expect(Buffer.from(imported.cer!).equals(certificate.raw)).toBe(true);
    const kept = readPkcs12(Buffer.from((await secrets.getSecret("web")).value!, "base64"), "")!;
    expect(kept.privateKey!.equals(privateKey)).toBe(true);
    await expect(certificates.importCertificate("web", pfx, { password: "wrong" })).rejects.toMatchObject({
      statusCode: 400,
    });
  });

  test("imports PEM with the key after the certificate", async () => {
    const { certificates, secrets } = newScene();
    const { privateKey, certificate } = selfSigned("ec");
    const pem = `${certificate.toString()}${String(privateKey.export({ format: "pem", type: "pkcs8" }))}`;
    await certificates.importCertificate("web", Buffer.from(pem), {
      policy: { contentType: "application/x-pem-file" },
    });
    const secret = await secrets.getSecret("web");
    expect(secret.properties.contentType).toBe("application/x-pem-file");
    expect(secret.value).toMatch(/^-----BEGIN PRIVATE KEY-----/);
  });

  test("keeps the private key of a certificate that is not exportable to itself", async () => {
    const { certificates, secrets } = newScene();
    await create(certificates, "web", { issuerName: "Self", subject, keyType: "EC", exportable: false });
    expect(
      readPkcs12(Buffer.from((await secrets.getSecret("web")).value!, "base64"), "")!.privateKey,
    ).toBeUndefined();
  });

  test("renews with a new version, updates, lists, deletes, recovers, purges and restores, key and secret with it", async () => {
    const { certificates, keys, secrets, clientsOf } = newScene();
    const policy = { issuerName: "Self", subject, keyType: "EC", reuseKey: true } as const;
    const first = await create(certificates, "web", policy);
    const second = await create(certificates, "web", policy);
    expect(second.properties.version).not.toBe(first.properties.version);
    expect(await namesIn(certificates.listPropertiesOfCertificateVersions("web"))).toEqual(["web", "web"]);
    await certificates.updateCertificatePolicy("web", { ...policy, validityInMonths: 24 });
    expect((await certificates.getCertificatePolicy("web")).validityInMonths).toBe(24);
    const updated = await certificates.updateCertificateProperties("web", second.properties.version!, {
      enabled: false,
    });
    expect(updated.properties.enabled).toBe(false);
    await expect(secrets.getSecret("web")).rejects.toMatchObject({ statusCode: 403 });
    await expect(secrets.beginDeleteSecret("web")).rejects.toMatchObject({ statusCode: 403 });
    const backup = (await certificates.backupCertificate("web"))!;

    await (await certificates.beginDeleteCertificate("web", { intervalInMs: 1 })).pollUntilDone();
    await expect(keys.getKey("web")).rejects.toMatchObject({ statusCode: 404 });
    await (await certificates.beginRecoverDeletedCertificate("web", { intervalInMs: 1 })).pollUntilDone();
    expect((await keys.getKey("web")).name).toBe("web");
    await (await certificates.beginDeleteCertificate("web", { intervalInMs: 1 })).pollUntilDone();
    await certificates.purgeDeletedCertificate("web");
    expect(await namesIn(certificates.listDeletedCertificates())).toEqual([]);
    expect(await namesIn(secrets.listDeletedSecrets())).toEqual([]);

    const other = clientsOf("other");
    await other.certificates.restoreCertificateBackup(backup);
    expect((await other.secrets.getSecret("web", { version: first.properties.version! })).value).not.toBe("");
  });
});

describe("the secret of a certificate", () => {
  test("is given in the other form when that is asked for", async () => {
    const { emulator } = newScene();
    const { privateKey, certificate } = selfSigned("ec");
    const pem = `${String(privateKey.export({ format: "pem", type: "pkcs8" }))}${certificate.toString()}`;
    emulator.vault("demo").importCertificate("web", pem);
    emulator.vault("demo").setSecret("plain", canaryValue);
    const holder = await holdToken(emulator, "demo");
    const read = (path: string) =>
      holder.send("GET", `${path}?api-version=2026-04-01&outContentType=application%2Fx-pkcs12`);
    const secret = (await (await read("/secrets/web")).json()) as { value: string; contentType: string };
    expect(secret.contentType).toBe("application/x-pkcs12");
    expect(readPkcs12(Buffer.from(secret.value, "base64"), "")!.privateKey!.equals(privateKey)).toBe(true);
    expect(await (await holder.send("GET", "/secrets/web")).json()).toMatchObject({ value: pem });
    expect((await read("/secrets/plain")).status).toBe(400);
  });
});

describe("a wrong request for a certificate", () => {
  test.each([
    ["/certificates/web/create", {}, "x509_props.subject"],
    ["/certificates/web/create", { policy: 7 }, "Property policy"],
    ["/certificates/web/create", { policy: { x509_props: { subject: "shop" } } }, "x509_props.subject"],
    [
      "/certificates/web/create",
      { policy: { x509_props: { subject, validity_months: 0 } } },
      "validity_months",
    ],
    ["/certificates/web/create", { policy: { x509_props: { subject, ekus: ["x"] } } }, "ekus"],
    ["/certificates/web/create", { policy: { x509_props: { subject }, key_props: { kty: "DSA" } } }, "kty"],
    [
      "/certificates/web/create",
      { policy: { x509_props: { subject }, secret_props: { contentType: "x" } } },
      "contentType",
    ],
    ["/certificates/web/import", { value: canaryValue }, "not base64 of a PKCS#12 file"],
    [
      "/certificates/web/import",
      { value: `-----BEGIN PRIVATE KEY-----${canaryValue}` },
      "private key and a certificate",
    ],
    [
      "/certificates/web/import",
      { value: selfSigned("ec").certificate.toString() },
      "private key and a certificate",
    ],
    ["/certificates/web/pending/merge", { x5c: ["x"] }, "Pending certificate not found"],
  ])("%s %j names what is wrong: %s", async (path, body, text) => {
    const response = await (await holdToken(newScene().emulator, "demo")).send("POST", path, body);
    const answer = await response.text();
    expect([400, 404]).toContain(response.status);
    expect(answer).toContain(text);
    expectNoCanary(answer);
  });

  test("does not take the name of a secret that belongs to nobody", async () => {
    const { emulator } = newScene();
    emulator.vault("demo").setSecret("web", canaryValue);
    const holder = await holdToken(emulator, "demo");
    const response = await holder.send("POST", "/certificates/web/create", {
      policy: { x509_props: { subject } },
    });
    expect(response.status).toBe(409);
  });
});

/** A PFX with a password, as other tools make it. */
function exportPfx(privateKey: KeyObject, certificate: X509Certificate, password: string): Buffer {
  const key = forge.pki.privateKeyFromPem(String(privateKey.export({ format: "pem", type: "pkcs1" })));
  const asn1 = forge.pkcs12.toPkcs12Asn1(
    key,
    [forge.pki.certificateFromPem(certificate.toString())],
    password,
    {
      algorithm: "3des",
    },
  );
  return Buffer.from(forge.asn1.toDer(asn1).getBytes(), "binary");
}
