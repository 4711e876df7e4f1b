import { createHash, generateKeyPairSync, verify, X509Certificate } from "node:crypto";
import type { CertificateClient, CertificatePolicy } from "@azure/keyvault-certificates";
import type { CryptographyClient, KeyClient, KeyVaultKey } from "@azure/keyvault-keys";
import type { SecretClient } from "@azure/keyvault-secrets";
import { namesIn } from "./emulator-sdk.ts";

/** The pollers of the SDK ask every two seconds unless told otherwise. */
const quickly = { intervalInMs: 10 };

/** What a client sees of the life of secret "db", to compare with `secretLife`. */
export async function liveSecret(client: SecretClient, value: string) {
  const set = await client.setSecret("db", value, { contentType: "text/plain", tags: { team: "shop" } });
  const version = set.properties.version!;
  const read = (await client.getSecret("db")).value === value;
  await client.updateSecretProperties("db", version, { contentType: "text/html" });
  await client.updateSecretProperties("db", version, { enabled: false });
  const disabled = await statusOf(client.getSecret("db"));
  await client.updateSecretProperties("db", version, { enabled: true });
  await client.setSecret("db", "second");
  const first = (await client.getSecret("db", { version })).properties;
  const versions = (await namesIn(client.listPropertiesOfSecretVersions("db"))).length;
  for (let index = 0; index < 30; index++) await client.setSecret(`page-${index}`, "x");
  const listed = (await namesIn(client.listPropertiesOfSecrets())).length;
  const backup = (await client.backupSecret("db"))!;
  await (await client.beginDeleteSecret("db", quickly)).pollUntilDone();
  const afterDelete = await statusOf(client.getSecret("db"));
  const nameTaken = await statusOf(client.setSecret("db", "x"));
  const deleted = await namesIn(client.listDeletedSecrets());
  await (await client.beginRecoverDeletedSecret("db", quickly)).pollUntilDone();
  const recovered = (await client.getSecret("db")).value;
  await (await client.beginDeleteSecret("db", quickly)).pollUntilDone();
  await client.purgeDeletedSecret("db");
  const purged = await statusOf(client.getDeletedSecret("db"));
  await client.restoreSecretBackup(backup);
  const restored = (await client.getSecret("db")).value;
  const { contentType: contentTypeOfFirst, tags: { team: tag } = {} } = first;
  const beforeDelete = { version, read, disabled, contentTypeOfFirst, tag, versions, listed };
  return { ...beforeDelete, afterDelete, nameTaken, deleted, recovered, purged, restored };
}

/** What a client sees of its keys, to compare with `keyLife`. */
export async function liveKeys(client: KeyClient, cryptographyFor: (key: KeyVaultKey) => CryptographyClient) {
  const rsa = await client.createRsaKey("rsa", { keySize: 2048, tags: { team: "shop" } });
  const ec = await client.createEcKey("ec", { curve: "P-256" });
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const numbers = Object.entries(privateKey.export({ format: "jwk" })).filter(([name]) => name !== "kty");
  const bytes = Object.fromEntries(
    numbers.map(([name, text]) => [name, Buffer.from(String(text), "base64url")]),
  );
  const mine = await client.importKey("imported", { kty: "RSA", ...bytes });
  const imported = Buffer.from(mine.key!.n!).equals(bytes["n"]!) && mine.key!.d === undefined;

  const data = Buffer.from("what is signed");
  const digest = createHash("sha256").update(data).digest();
  const other = createHash("sha256").update("what is not signed").digest();
  const ofMine = (await cryptographyFor(mine).sign("RS256", digest)).result;
  const ofCurve = (await cryptographyFor(ec).sign("ES256", digest)).result;
  const isSigned = async (of: Buffer) => [
    (await cryptographyFor(mine).verify("RS256", of, ofMine)).result,
    (await cryptographyFor(ec).verify("ES256", of, ofCurve)).result,
  ];
  const signed = [...(await isSigned(digest)), verify("sha256", data, publicKey, ofMine)].every(Boolean);
  const forged = (await isSigned(other)).some(Boolean);
  const cryptography = cryptographyFor(rsa);
  const { result: encrypted } = await cryptography.encrypt({ algorithm: "RSA-OAEP-256", plaintext: data });
  const plain = await cryptography.decrypt({ algorithm: "RSA-OAEP-256", ciphertext: encrypted });
  const { result: wrapped } = await cryptography.wrapKey("RSA-OAEP", data);
  const key = await cryptography.unwrapKey("RSA-OAEP", wrapped);
  const used = {
    signed,
    forged,
    decrypted: data.equals(plain.result) && !data.equals(encrypted),
    unwrapped: data.equals(key.result),
  };

  const next = await client.rotateKey("rsa");
  const rotated =
    next.properties.version !== rsa.properties.version && next.properties.tags!["team"] === "shop";
  const versions = (await namesIn(client.listPropertiesOfKeyVersions("rsa"))).length;
  const lifetimeActions = [{ action: "Rotate" as const, timeAfterCreate: "P30D" }];
  await client.updateKeyRotationPolicy("rsa", { lifetimeActions, expiresIn: "P90D" });
  const { expiresIn } = await client.getKeyRotationPolicy("rsa");
  const updated = await client.updateKeyProperties("rsa", next.properties.version!, { keyOps: ["verify"] });
  const listed = (await namesIn(client.listPropertiesOfKeys())).toSorted();
  const made = { sizeBits: 8 * rsa.key!.n!.length, curve: ec.key!.crv, imported };

  const isNext = async () => Buffer.from((await client.getKey("rsa")).key!.n!).equals(next.key!.n!);
  const backup = (await client.backupKey("rsa"))!;
  await (await client.beginDeleteKey("rsa", quickly)).pollUntilDone();
  const afterDelete = await statusOf(client.getKey("rsa"));
  const nameTaken = await statusOf(client.createRsaKey("rsa"));
  const deleted = await namesIn(client.listDeletedKeys());
  await (await client.beginRecoverDeletedKey("rsa", quickly)).pollUntilDone();
  const recovered = await isNext();
  await (await client.beginDeleteKey("rsa", quickly)).pollUntilDone();
  await client.purgeDeletedKey("rsa");
  const purged = await statusOf(client.getDeletedKey("rsa"));
  await client.restoreKeyBackup(backup);
  const changed = { rotated, versions, expiresIn, operations: updated.keyOperations, listed };
  const life = { afterDelete, nameTaken, deleted, recovered, purged, restored: await isNext() };
  return { ...made, ...used, ...changed, ...life };
}

const policy = {
  issuerName: "Self",
  subject: "CN=shop.example",
  subjectAlternativeNames: { dnsNames: ["shop.example", "www.shop.example"] },
  keyType: "EC",
  keyCurveName: "P-256",
  validityInMonths: 6,
} as const satisfies CertificatePolicy;

/** What a client sees of its certificates, to compare with `certificateLife`. It imports what it exported. */
export async function liveCertificates(client: CertificateClient, secrets: SecretClient) {
  const create = () => client.beginCreateCertificate("web", policy, { ...quickly, tags: { team: "shop" } });
  const made = await (await create()).pollUntilDone();
  const { certificateOperation } = (await client.getCertificateOperation("web")).getOperationState();
  const leaf = new X509Certificate(Buffer.from(made.cer!));
  const newest = await (await create()).pollUntilDone();
  const versions = (await namesIn(client.listPropertiesOfCertificateVersions("web"))).length;
  await client.updateCertificatePolicy("web", { ...policy, validityInMonths: 24 });
  const { validityInMonths: months } = await client.getCertificatePolicy("web");
  const updated = await client.updateCertificateProperties("web", newest.properties.version!, {
    tags: { team: "pay" },
  });
  const file = Buffer.from((await secrets.getSecret("web")).value!, "base64");
  const imported = await client.importCertificate("imported", file);
  const isNewest = (cer: Uint8Array | undefined) => Buffer.from(newest.cer!).equals(cer!);
  const listed = (await namesIn(client.listPropertiesOfCertificates())).toSorted();

  const backup = (await client.backupCertificate("web"))!;
  await (await client.beginDeleteCertificate("web", quickly)).pollUntilDone();
  const afterDelete = await statusOf(client.getCertificate("web"));
  const nameTaken = await statusOf(create());
  const deleted = await namesIn(client.listDeletedCertificates());
  await (await client.beginRecoverDeletedCertificate("web", quickly)).pollUntilDone();
  const recovered = isNewest((await client.getCertificate("web")).cer);
  await (await client.beginDeleteCertificate("web", quickly)).pollUntilDone();
  await client.purgeDeletedCertificate("web");
  const purged = await statusOf(client.getDeletedCertificate("web"));
  await client.restoreCertificateBackup(backup);
  return {
    status: certificateOperation!.status,
    subject: leaf.subject.replace(/^CN=/, ""),
    dnsNames: leaf.subjectAltName!.split(", ").map((name) => name.replace(/^DNS:/, "")),
    selfSigned: leaf.verify(leaf.publicKey),
    tag: made.properties.tags!["team"],
    versions,
    months,
    newTag: updated.properties.tags!["team"],
    imported: isNewest(imported.cer),
    listed,
    afterDelete,
    nameTaken,
    deleted,
    recovered,
    purged,
    restored: isNewest((await client.getCertificate("web")).cer),
  };
}

/** 200, or the status of the error that the SDK throws. */
async function statusOf(call: Promise<unknown>): Promise<number | undefined> {
  return call.then(
    () => 200,
    (error: { readonly statusCode?: number }) => error.statusCode,
  );
}
