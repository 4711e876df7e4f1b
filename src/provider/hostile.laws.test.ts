import { readFileSync } from "node:fs";
import forge from "node-forge";
import { expect, test } from "vitest";
import { hostileLaws } from "./hostile.laws.ts";
import { readPkcs12 } from "./pkcs12-read.ts";

test.each(hostileLaws)("$name", ({ check }) => expect(check(200)).resolves.toBeUndefined());

test("an iteration count that would block the process is refused", () => {
  const bytes = readFileSync(new URL("fixtures/3des-sha1.pfx", import.meta.url));
  const file = forge.asn1.fromDer(bytes.toString("latin1"));
  const [, , macData] = file.value as forge.asn1.Asn1[];
  const [, , rounds] = macData!.value as forge.asn1.Asn1[];
  rounds!.value = "\x7f\xff\xff\xff";
  const hostile = Buffer.from(forge.asn1.toDer(file).getBytes(), "latin1");
  expect(() => readPkcs12(hostile)).toThrow("asks for more key-derivation rounds than are allowed");
});
