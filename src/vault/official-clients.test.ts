import { CertificateClient } from "@azure/keyvault-certificates";
import { KeyClient } from "@azure/keyvault-keys";
import { SecretClient } from "@azure/keyvault-secrets";
import { describe, expect, test } from "vitest";
import { canaryValue } from "../../test/support/canary.ts";
import { sdkOf } from "../../test/support/emulator-sdk.ts";
import { request, vaultScene } from "../../test/support/vault-scene.ts";

/** We read Key Vault's JSON ourselves; here the official clients say what there is to read. */

const notBefore = new Date("2020-01-01T00:00:00Z");
/** The clients write times as 32-bit numbers: 2038 is out of their reach. */
const expiresOn = new Date("2037-01-01T00:00:00Z");

function sceneWithClients() {
  const scene = vaultScene();
  const { url, credential, options } = sdkOf(scene.emulator);
  return {
    scene,
    secrets: new SecretClient(url, credential, options),
    keys: new KeyClient(url, credential, options),
    certificates: new CertificateClient(url, credential, options),
  };
}

interface OfficialProperties {
  readonly id?: string;
  readonly version?: string;
  readonly enabled?: boolean;
  readonly createdOn?: Date;
  readonly updatedOn?: Date;
  readonly notBefore?: Date;
  readonly expiresOn?: Date;
}

/** What an official client says of an object, in our words. */
function inOurWords(properties: OfficialProperties) {
  const { id, version, enabled, createdOn, updatedOn, notBefore: start, expiresOn: end } = properties;
  return {
    id,
    version,
    isEnabled: enabled,
    createdMs: createdOn?.getTime(),
    updatedMs: updatedOn?.getTime(),
    ...(start === undefined ? {} : { notBeforeMs: start.getTime() }),
    ...(end === undefined ? {} : { expiresMs: end.getTime() }),
  };
}

async function versionsOf(pages: AsyncIterable<OfficialProperties>) {
  const versions = [];
  for await (const properties of pages) versions.push(inOurWords(properties));
  return versions;
}

test("a secret and the list of its versions, over more than a page", async () => {
  const { scene, secrets } = sceneWithClients();
  for (let index = 0; index < 30; index++) await secrets.setSecret("db", `${canaryValue}${index}`);
  await secrets.setSecret("db", canaryValue, { contentType: "text/plain", notBefore, expiresOn });
  const official = await secrets.getSecret("db");
  expect(await scene.finish(scene.gateway.getSecret(request(scene)))).toEqual({
    ...inOurWords(official.properties),
    value: official.value,
    contentType: "text/plain",
  });
  const versions = await versionsOf(secrets.listPropertiesOfSecretVersions("db"));
  expect(versions).toHaveLength(31);
  expect(await scene.finish(scene.gateway.listSecretVersions(request(scene)))).toEqual(versions);
});

describe.each(["RSA", "EC"] as const)("a key of type %s", (type) => {
  test("and the list of its versions", async () => {
    const { scene, keys } = sceneWithClients();
    await keys.createKey("db", type, { notBefore, expiresOn });
    const official = await keys.getKey("db");
    const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString("base64url");
    const { kty, crv, n, e, x, y } = official.key!;
    const jwk = { kty, crv, n: text(n), e: text(e), x: text(x), y: text(y) };
    const bundle = await scene.finish(scene.gateway.getKey(request(scene)));
    expect(bundle).toEqual({ ...inOurWords(official.properties), id: official.id, jwk });
    const versions = await scene.finish(scene.gateway.listKeyVersions(request(scene)));
    expect(versions).toEqual(await versionsOf(keys.listPropertiesOfKeyVersions("db")));
  });
});

test("a certificate, the secret that belongs to it, and the list of its versions", async () => {
  const { scene, certificates, secrets } = sceneWithClients();
  const policy = { issuerName: "Self", subject: "CN=db.example" };
  const poller = await certificates.beginCreateCertificate("db", policy, { intervalInMs: 1 });
  await scene.clock.advance(60_000);
  await poller.pollUntilDone();
  const official = await certificates.getCertificate("db");
  expect(await scene.finish(scene.gateway.getCertificate(request(scene)))).toEqual({
    ...inOurWords(official.properties),
    der: Buffer.from(official.cer!),
    kid: official.keyId,
    sid: official.secretId,
  });
  const secret = await secrets.getSecret("db");
  expect(await scene.finish(scene.gateway.getSecret(request(scene)))).toEqual({
    ...inOurWords(secret.properties),
    value: secret.value,
    contentType: secret.properties.contentType,
    kid: secret.properties.certificateKeyId,
  });
  expect(await scene.finish(scene.gateway.listCertificateVersions(request(scene)))).toEqual(
    await versionsOf(certificates.listPropertiesOfCertificateVersions("db")),
  );
});
