/** What must hold for any input of the provider, however hostile: an answer or one clear error, in bounded time, and nothing planted in it. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect } from "vitest";
import { canaryToken, canaryValue, expectNoCanary } from "../../test/support/canary.ts";
import { mountRequest, objectsYaml } from "../../test/support/mount-request.ts";
import { providerScene } from "../../test/support/provider-scene.ts";
import { readCertificateSecret } from "./certificate-secret.ts";
import { ObjectError } from "./fetch-error.ts";
import { MountRequest } from "./gen/service.ts";
import { parseObjects } from "./objects.ts";
import { encodePem, parsePem } from "./pem.ts";
import { readPkcs12 } from "./pkcs12-read.ts";
import { ProviderCallError } from "./provider-call-error.ts";

/** A law by its name; `check` tries so many inputs and throws with the seed of one that breaks it. */
export interface HostileLaw {
  readonly name: string;
  readonly check: (numRuns: number) => Promise<void>;
}

const breakers = [
  "{",
  "}",
  "[",
  "]",
  ":",
  "- ",
  "|",
  "\n",
  "  ",
  "\t",
  '"',
  "'",
  "&a",
  "*a",
  "!!",
  "\0",
  "array",
];

/** Text of the kinds that break parsers. */
const hostileName = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.constantFrom(...breakers), { maxLength: 40 }).map((parts) => parts.join("")),
);

/** The same with a planted secret among it. */
const hostileText = fc.oneof(
  hostileName,
  fc.tuple(hostileName, hostileName).map((parts) => parts.join(canaryValue)),
);

/** Ends a Mount in an answer or its one error, checks that nothing planted shows, and tells the error's code. */
async function codeOf(request: MountRequest): Promise<string> {
  const { service, log, vault } = providerScene();
  vault.addSecret("a", { value: canaryValue });
  try {
    const response = await service.mount(request);
    expectNoCanary(JSON.stringify(response.results) + log.join(""));
    return "";
  } catch (error) {
    if (!(error instanceof ProviderCallError)) throw error;
    expectNoCanary(error.message + log.join(""));
    return error.code;
  }
}

async function checkFields(numRuns: number): Promise<void> {
  const field = fc.oneof(hostileText, fc.json(), fc.constant(canaryToken));
  const property = fc.asyncProperty(field, field, field, fc.array(field), fc.boolean(), async (...parts) => {
    const [attributes, secrets, permission, requestedPaths, partial] = parts;
    const request = { ...mountRequest(), attributes, secrets, permission, requestedPaths, partial };
    expect(await codeOf(request)).toBe("BadParameters");
  });
  await fc.assert(property, { numRuns });
}

async function checkParameters(numRuns: number): Promise<void> {
  const known = Object.keys(JSON.parse(mountRequest().attributes) as object);
  const name = fc.constantFrom(...known, "usePodIdentity", "cloudName", "useVMManagedIdentity", "__proto__");
  const value = fc.oneof(hostileText, fc.jsonValue(), fc.constant(canaryValue));
  const property = fc.asyncProperty(fc.dictionary(name, value), fc.boolean(), async (attributes, partial) => {
    // A defect would have the code Unknown.
    expect(["", "BadParameters", "BadObject"]).toContain(await codeOf(mountRequest({ attributes, partial })));
  });
  await fc.assert(property, { numRuns });
}

/** Names, versions and paths are told in messages; the other fields never are. */
async function checkObjects(numRuns: number): Promise<void> {
  const named = fc.dictionary(fc.constantFrom("objectName", "objectAlias", "objectVersion"), hostileName);
  const value = fc.oneof(fc.constantFrom("secret", "key", "cert", "pfx", "base64", "3"), hostileText);
  const others = ["objectType", "objectVersionHistory", "objectFormat", "objectEncoding", "filePermission"];
  const object = fc
    .tuple(named, fc.dictionary(fc.constantFrom(...others), value))
    .map(([names, rest]) => ({ objectName: "a", ...names, ...rest }));
  const paths = fc.array(fc.oneof(hostileName, fc.constantFrom("a", "a/0", "a.crt")), { maxLength: 3 });
  const objects = fc.array(object, { maxLength: 4 });
  const property = fc.asyncProperty(objects, paths, fc.boolean(), async (list, requestedPaths, partial) => {
    expect(await codeOf(mountRequest({ objects: list, partial, requestedPaths }))).not.toBe("Unknown");
  });
  await fc.assert(property, { numRuns });
}

/** What the decoder throws becomes the failure of that call alone (grpc-js); it must be an Error. */
async function checkBytes(numRuns: number): Promise<void> {
  const valid = MountRequest.encode(mountRequest()).finish();
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.tuple(fc.nat(valid.length - 1), fc.nat(255)).map(([index, byte]) => valid.with(index, byte)),
  );
  const property = fc.property(bytes, (message) => {
    try {
      MountRequest.decode(message);
    } catch (error) {
      if (!(error instanceof Error)) throw new Error("something else was thrown", { cause: error });
    }
  });
  fc.assert(property, { numRuns });
}

async function checkYaml(numRuns: number): Promise<void> {
  const property = fc.property(hostileText, (text) => {
    for (const whole of [text, `array:\n${text}`, objectsYaml([{ objectName: "a", objectType: text }])]) {
      const parsed = parseObjects(whole);
      const problems =
        parsed.kind === "invalid"
          ? parsed.problems
          : parsed.entries.flatMap((entry) => (entry.kind === "invalid" ? entry.object.problems : []));
      expectNoCanary(problems.join("\n"));
    }
  });
  fc.assert(property, { numRuns });
}

/** Runs a conversion that may fail, but only with its own error and without anything planted in it. */
function attempt(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof ObjectError)) throw error;
    expectNoCanary(error.message);
  }
}

const fixtures = [
  "3des-sha1",
  "rc2-40-3des-sha1",
  "aes256-sha256",
  "plain-without-mac",
  "aes256-without-mac",
].map((name) => readFileSync(new URL(`fixtures/${name}.pfx`, import.meta.url)));

async function checkPkcs12(numRuns: number): Promise<void> {
  const damaged = fc.constantFrom(...fixtures).chain((file) => {
    const change = fc.tuple(fc.nat(file.length - 1), fc.nat(255));
    return fc
      .tuple(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(file.length))
      .map(([changes, length]) => {
        const bytes = Buffer.from(file);
        for (const [index, byte] of changes) bytes[index] = byte;
        return { bytes, length };
      });
  });
  const property = fc.property(damaged, ({ bytes, length }) => {
    attempt(() => readPkcs12(bytes));
    attempt(() => readPkcs12(bytes.subarray(0, length)));
  });
  fc.assert(property, { numRuns });
}

async function checkPem(numRuns: number): Promise<void> {
  const pieces = [
    encodePem("CERTIFICATE", Buffer.from(canaryValue)),
    "-----BEGIN ",
    "-----",
    "-----END X-----",
    "-----BEGIN PRIVATE KEY-----\n",
  ];
  const parts = fc.array(fc.oneof(hostileText, fc.constantFrom(...pieces)));
  const contentType = fc.constantFrom(undefined, "application/x-pem-file", "application/x-pkcs12", "other");
  const property = fc.property(parts, contentType, (texts, type) => {
    for (const form of ["pem", "pfx", "keys", "certificates"] as const) {
      attempt(() => readCertificateSecret(texts.join(""), type)[form]);
    }
  });
  fc.assert(property, { numRuns });
}

async function checkPemRoundTrip(numRuns: number): Promise<void> {
  const label = fc.constantFrom("CERTIFICATE", "PRIVATE KEY", "EC PARAMETERS");
  const blocks = fc.array(fc.tuple(label, fc.uint8Array({ minLength: 1 })));
  const property = fc.property(blocks, (given) => {
    const text = given.map(([name, der]) => encodePem(name, Buffer.from(der))).join("noise\n");
    expect(parsePem(text).map((block) => [block.label, new Uint8Array(block.der)])).toEqual(given);
  });
  fc.assert(property, { numRuns });
}

export const hostileLaws: readonly HostileLaw[] = [
  { name: "any texts in the fields of a Mount are refused", check: checkFields },
  { name: "any values of the parameters are answered or refused", check: checkParameters },
  { name: "any objects are answered or refused", check: checkObjects },
  { name: "any bytes decode or are refused", check: checkBytes },
  { name: "any objects text is read or told wrong", check: checkYaml },
  { name: "a damaged PKCS#12 is read or told unreadable", check: checkPkcs12 },
  { name: "any text as a certificate is read or told unreadable", check: checkPem },
  { name: "PEM reads back what it wrote", check: checkPemRoundTrip },
];
