import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { canaryValue } from "../../test/support/canary.ts";
import { providerScene, secret, textsOf } from "../../test/support/provider-scene.ts";
import { encodePem, parsePem } from "./pem.ts";

const pfx = readFileSync(new URL("fixtures/3des-sha1.pfx", import.meta.url)).toString("base64");
const certificates = readFileSync(new URL("fixtures/certificates.pem", import.meta.url), "utf8");
const leaf = parsePem(certificates)[0]!.der;
const kid = "https://demo.vault.localhost/keys/web/v1";

describe("a certificate's secret", () => {
  const labels = (text: string | undefined) => parsePem(text ?? "").map((block) => block.label);
  const pfxSecret = { value: pfx, kid, contentType: "application/x-pkcs12" };

  test("in PKCS#12 as PEM", async () => {
    const { vault, mount } = providerScene();
    vault.addSecret("web", pfxSecret);
    const { files } = await mount({ objects: [secret("web")] });
    expect(labels(textsOf(files)["web"])).toEqual(["PRIVATE KEY", ...Array(3).fill("CERTIFICATE")]);
  });

  test.each([
    ["pfx", "utf-8", Buffer.from(pfx)],
    ["PFX", "base64", Buffer.from(pfx, "base64")],
  ])("in PKCS#12 as %s, %s", async (objectFormat, objectEncoding, expected) => {
    const { vault, mount } = providerScene();
    vault.addSecret("web", pfxSecret);
    const { files } = await mount({ objects: [secret("web", { objectFormat, objectEncoding })] });
    expect(files[0]?.contents).toEqual(expected);
  });

  test("in PEM as pfx becomes PKCS#12", async () => {
    const { vault, mount } = providerScene();
    vault.addSecret("web", { value: certificates, kid, contentType: "application/x-pem-file" });
    const { files } = await mount({
      objects: [secret("web", { objectFormat: "pfx", objectEncoding: "base64" })],
    });
    expect(files[0]?.contents.subarray(0, 2)).toEqual(Buffer.from([0x30, 0x82]));
  });

  test("without a content type does no harm", async () => {
    const { vault, mount } = providerScene();
    vault.addSecret("web", { value: pfx, kid });
    const { files } = await mount({ objects: [secret("web")] });
    expect(labels(textsOf(files)["web"])).toHaveLength(4);
  });

  test("gives its parts under both spellings", async () => {
    const { vault, mount } = providerScene();
    vault.addSecret("web", pfxSecret);
    const requestedPaths = ["web/tls.crt", "web/tls.key", "web.crt", "web.key"];
    const texts = textsOf((await mount({ objects: [secret("web")], requestedPaths })).files);
    expect(Object.keys(texts)).toEqual(requestedPaths);
    expect(labels(texts["web/tls.crt"])).toEqual(Array(3).fill("CERTIFICATE"));
    expect(labels(texts["web/tls.key"])).toEqual(["PRIVATE KEY"]);
    expect(texts["web.crt"]).toBe(texts["web/tls.crt"]);
    expect(texts["web.key"]).toBe(texts["web/tls.key"]);
    expect(vault.calls).toEqual(["secret/web"]);
  });

  test("gives its parts before the whole to stock clients when the setting says so", async () => {
    const { vault, mount } = providerScene(0, { writeCertAndKeyInSeparateFiles: true });
    vault.addSecret("web", pfxSecret);
    vault.addSecret("db", { value: "x" });
    const { files } = await mount({ objects: [secret("web"), secret("db")] });
    expect(files.map((file) => file.path)).toEqual(["web.crt", "web.key", "web", "db"]);
  });

  test("that is damaged fails alone and shows nothing", async () => {
    const { vault, mount, mountError } = providerScene();
    vault.addSecret("web", { value: `${canaryValue}!`, kid });
    vault.addSecret("db", { value: "x" });
    const objects = [secret("web"), secret("db")];
    const { results } = await mount({ partial: true, objects });
    expect(results.map((result) => result.code)).toEqual(["Conversion", ""]);
    expect((await mountError({ objects })).code).toBe("Conversion");
  });
});

describe("another secret", () => {
  test("is never converted, whatever it looks like", async () => {
    const { vault, mount } = providerScene();
    vault.addSecret("a", { value: pfx, contentType: "application/x-pkcs12" });
    vault.addSecret("b", { value: certificates });
    const { files } = await mount({ objects: [secret("a"), secret("b", { objectFormat: "pfx" })] });
    expect(textsOf(files)).toEqual({ a: pfx, b: certificates });
  });

  test("in PEM can be asked for its parts", async () => {
    const { vault, mount } = providerScene();
    vault.addSecret("b", { value: certificates });
    const { files } = await mount({ objects: [secret("b")], requestedPaths: ["b/tls.crt"] });
    expect(parsePem(textsOf(files)["b/tls.crt"]!)).toHaveLength(5);
  });

  test("without a key or certificate says so when asked for it", async () => {
    const { vault, mountError } = providerScene();
    vault.addSecret("b", { value: certificates });
    vault.addSecret("c", { value: canaryValue });
    const noKey = await mountError({ objects: [secret("b")], requestedPaths: ["b.key"] });
    expect(noKey.message).toContain("the value has no private key");
    const noPem = await mountError({ objects: [secret("c")], requestedPaths: ["c.crt"] });
    expect(noPem.code).toBe("Conversion");
  });
});

describe("a key", () => {
  const object = { objectName: "k", objectType: "key" };

  test.each(["P-256", "P-384", "P-521", "secp256k1"])(
    "on %s is delivered as PKIX PEM",
    async (namedCurve) => {
      const { publicKey } = generateKeyPairSync("ec", { namedCurve });
      const { kty = "", crv = "", x = "", y = "" } = publicKey.export({ format: "jwk" });
      const expected = publicKey.export({ format: "pem", type: "spki" }).toString();
      for (const suffix of ["", "-HSM"]) {
        const { vault, mount } = providerScene();
        vault.addKey("k", { jwk: { kty: kty + suffix, crv: crv === "secp256k1" ? "P-256K" : crv, x, y } });
        const { files, objectVersion } = await mount({ objects: [object] });
        expect(textsOf(files)).toEqual({ k: expected });
        expect(objectVersion).toEqual([{ id: "key/k", version: "v1" }]);
      }
    },
  );

  test("of RSA is delivered as PKIX PEM", async () => {
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const { n = "", e = "" } = publicKey.export({ format: "jwk" });
    const expected = publicKey.export({ format: "pem", type: "spki" }).toString();
    for (const kty of ["RSA", "RSA-HSM"]) {
      const { vault, mount } = providerScene();
      vault.addKey("k", { jwk: { kty, n, e } });
      expect(textsOf((await mount({ objects: [object] })).files)).toEqual({ k: expected });
    }
  });

  test.each([
    [{ kty: "oct" }, "key type 'oct' currently not supported"],
    [{ kty: "EC", crv: "P-192", x: "AA", y: "AA" }, "curve P-192 is not supported"],
    [{ kty: "EC", crv: "P-256", x: "AA", y: "AA" }, "its point is not on it"],
    [{ kty: "RSA" }, "not a readable RSA key"],
  ])("like %j is refused", async (jwk, expected) => {
    const { vault, mountError } = providerScene();
    vault.addKey("k", { jwk });
    expect((await mountError({ objects: [object] })).message).toContain(expected);
  });
});

test("a certificate object is its leaf in PEM", async () => {
  const { vault, mount } = providerScene();
  vault.addCertificate("c", { der: new Uint8Array(leaf) });
  const { files } = await mount({ objects: [{ objectName: "c", objectType: "cert", objectAlias: "c.pem" }] });
  expect(textsOf(files)).toEqual({ "c.pem": encodePem("CERTIFICATE", leaf) });
  expect(new X509Certificate(files[0]!.contents).subject).toBe("CN=keyweir leaf");
});

describe("a version", () => {
  test.each(["latest", "LATEST", ""])("%j is the newest", async (objectVersion) => {
    const { vault, mount } = providerScene();
    vault.addSecret("a", { value: "old" });
    vault.addSecret("a", { value: "new" });
    const { files } = await mount({ objects: [secret("a", { objectVersion })] });
    expect(textsOf(files)).toEqual({ a: "new" });
    expect(vault.calls).toEqual(["secret/a"]);
  });

  test("that is pinned is read as such", async () => {
    const { vault, mount } = providerScene();
    vault.addSecret("a", { value: "old" });
    vault.addSecret("a", { value: "new" });
    const { files, objectVersion } = await mount({ objects: [secret("a", { objectVersion: "v1" })] });
    expect(textsOf(files)).toEqual({ a: "old" });
    expect(objectVersion).toEqual([{ id: "secret/a", version: "v1" }]);
  });
});

describe("a version history", () => {
  function vaultOf(count: number, disabled: readonly number[] = []) {
    const made = providerScene();
    for (let index = 1; index <= count; index++) {
      made.vault.addSecret("a", { value: `value ${index}`, isEnabled: !disabled.includes(index) });
    }
    return made;
  }
  const history = (n: number, more = {}) => [secret("a", { objectVersionHistory: n, ...more })];

  test.each([
    [7, 2],
    [7, 3],
    [7, 5],
    [7, 7],
    [3, 5],
    [1, 2],
  ])("of %i versions delivers %i of them, newest first", async (count, n) => {
    const { vault, mount } = vaultOf(count);
    const { files, objectVersion } = await mount({ objects: history(n) });
    const expected = Array.from({ length: Math.min(n, count) }, (_, index) => count - index);
    expect(files.map((file) => file.path)).toEqual(expected.map((_, index) => `a/${index}`));
    expect(files.map((file) => file.contents.toString())).toEqual(
      expected.map((version) => `value ${version}`),
    );
    expect(objectVersion).toEqual(
      expected.map((version, index) => ({ id: `secret/a/${index}`, version: `v${version}` })),
    );
    expect(vault.calls).toHaveLength(1 + Math.min(n, count));
  });

  test("skips disabled versions", async () => {
    const { mount } = vaultOf(5, [5, 3]);
    const { files } = await mount({ objects: history(2) });
    expect(textsOf(files)).toEqual({ "a/0": "value 4", "a/1": "value 2" });
  });

  test("starts at objectVersion, and latest is the newest", async () => {
    const { mount } = vaultOf(5);
    expect(textsOf((await mount({ objects: history(2, { objectVersion: "v3" }) })).files)).toEqual({
      "a/0": "value 3",
      "a/1": "value 2",
    });
    expect(textsOf((await mount({ objects: history(2, { objectVersion: "latest" }) })).files)).toEqual({
      "a/0": "value 5",
      "a/1": "value 4",
    });
  });

  test("uses the alias as its folder, and versions without a date come last", async () => {
    const { vault, mount } = providerScene();
    vault.addSecret("a", { value: "dated" });
    vault.addSecret("a", { value: "undated", createdMs: undefined as never });
    const { files } = await mount({ objects: history(2, { objectAlias: "dir" }) });
    expect(files.map((file) => file.path)).toEqual(["dir/0", "dir/1"]);
  });

  test("reads only the positions that are asked for", async () => {
    const { vault, mount } = vaultOf(7);
    const { files } = await mount({ objects: history(5), requestedPaths: ["a/3", "a/1"] });
    expect(textsOf(files)).toEqual({ "a/1": "value 6", "a/3": "value 4" });
    expect(vault.calls).toEqual(["list secret/a", "secret/a@v6", "secret/a@v4"]);
  });

  test("tells which positions do not exist yet", async () => {
    const { mount } = vaultOf(2);
    const { files, results } = await mount({
      partial: true,
      objects: history(5),
      requestedPaths: ["a/0", "a/4"],
    });
    expect(files.map((file) => file.path)).toEqual(["a/0"]);
    expect(results.map(({ paths, ok, code }) => [paths, ok, code])).toEqual([
      [["a/0"], true, ""],
      [["a/4"], false, "NotFound"],
    ]);
  });

  test.each([
    [0, [], {}, "NotFound"],
    [2, [1, 2], {}, "Disabled"],
    [2, [], { objectVersion: "v9" }, "NotFound"],
    [2, [1], { objectVersion: "v1" }, "NotFound"],
  ])("of %i versions, %j disabled, %j fails with a class of its own", async (count, disabled, more, code) => {
    const { mountError } = vaultOf(count, disabled);
    expect((await mountError({ objects: history(3, more) })).code).toBe(code);
  });

  test("has parts too", async () => {
    const { vault, mount } = providerScene();
    vault.addSecret("web", { value: pfx, kid, contentType: "application/x-pkcs12" });
    const { files } = await mount({
      objects: [secret("web", { objectVersionHistory: 2 })],
      requestedPaths: ["web/0/tls.key"],
    });
    expect(textsOf(files)["web/0/tls.key"]).toMatch(/^-----BEGIN PRIVATE KEY-----/);
  });

  test("works for keys and certificates", async () => {
    const { vault, mount } = providerScene();
    vault.addCertificate("c", { der: leaf });
    vault.addCertificate("c", { der: leaf });
    const object = { objectName: "c", objectType: "cert", objectVersionHistory: 2 };
    expect((await mount({ objects: [object] })).files.map((file) => file.path)).toEqual(["c/0", "c/1"]);
    expect(vault.calls).toEqual(["list cert/c", "cert/c@v2", "cert/c@v1"]);
  });
});
