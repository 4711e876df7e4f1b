import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
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

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}.pfx`, import.meta.url));

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

describe("a hostile Mount is answered or refused, and shows nothing", () => {
  test("with any texts in its fields", async () => {
    const field = fc.oneof(hostileText, fc.json(), fc.constant(canaryToken));
    await fc.assert(
      fc.asyncProperty(field, field, field, fc.array(field), fc.boolean(), async (...parts) => {
        const [attributes, secrets, permission, requestedPaths, partial] = parts;
        const request = { ...mountRequest(), attributes, secrets, permission, requestedPaths, partial };
        expect(await codeOf(request)).toBe("BadParameters");
      }),
      { numRuns: 300 },
    );
  });

  test("with any value in any parameter", async () => {
    const known = Object.keys(JSON.parse(mountRequest().attributes) as object);
    const name = fc.constantFrom(
      ...known,
      "usePodIdentity",
      "cloudName",
      "useVMManagedIdentity",
      "__proto__",
    );
    const value = fc.oneof(hostileText, fc.jsonValue(), fc.constant(canaryValue));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, value), fc.boolean(), async (attributes, partial) => {
        // A defect would have the code Unknown.
        expect(["", "BadParameters", "BadObject"]).toContain(
          await codeOf(mountRequest({ attributes, partial })),
        );
      }),
      { numRuns: 500 },
    );
  });

  test("with any objects", async () => {
    // Names, versions and paths are told in messages; the other fields never are.
    const named = fc.dictionary(fc.constantFrom("objectName", "objectAlias", "objectVersion"), hostileName);
    const value = fc.oneof(fc.constantFrom("secret", "key", "cert", "pfx", "base64", "3"), hostileText);
    const others = ["objectType", "objectVersionHistory", "objectFormat", "objectEncoding", "filePermission"];
    const object = fc.tuple(named, fc.dictionary(fc.constantFrom(...others), value));
    const objects = fc.array(
      object.map(([names, rest]) => ({ objectName: "a", ...names, ...rest })),
      { maxLength: 4 },
    );
    const paths = fc.array(fc.oneof(hostileName, fc.constantFrom("a", "a/0", "a.crt")), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(objects, paths, fc.boolean(), async (list, requestedPaths, partial) => {
        expect(await codeOf(mountRequest({ objects: list, partial, requestedPaths }))).not.toBe("Unknown");
      }),
      { numRuns: 500 },
    );
  });

  test("as any bytes", () => {
    const valid = MountRequest.encode(mountRequest()).finish();
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.tuple(fc.nat(valid.length - 1), fc.nat(255)).map(([index, byte]) => valid.with(index, byte)),
    );
    fc.assert(
      fc.property(bytes, (message) => {
        const decode = () => {
          try {
            return typeof MountRequest.decode(message).attributes;
          } catch (error) {
            return error instanceof Error ? "string" : "odd";
          }
        };
        expect(decode()).toBe("string");
      }),
      { numRuns: 1_000 },
    );
  });
});

test("any objects text is parsed or told wrong, with a place for what is not YAML", () => {
  fc.assert(
    fc.property(hostileText, (text) => {
      for (const whole of [text, `array:\n${text}`, objectsYaml([{ objectName: "a", objectType: text }])]) {
        const parsed = parseObjects(whole);
        const problems =
          parsed.kind === "invalid"
            ? parsed.problems
            : parsed.entries.flatMap((entry) => (entry.kind === "invalid" ? entry.object.problems : []));
        expectNoCanary(problems.join("\n"));
      }
    }),
    { numRuns: 1_000 },
  );
});

describe("a hostile certificate is read or told unreadable", () => {
  const mustBeTold = (work: () => unknown) => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof ObjectError)) throw error;
      expectNoCanary(error.message);
    }
  };

  test.each(["3des-sha1", "rc2-40-3des-sha1", "aes256-sha256", "plain-without-mac", "aes256-without-mac"])(
    "%s with changed bytes",
    (name) => {
      const file = fixture(name);
      const change = fc.tuple(fc.nat(file.length - 1), fc.nat(255));
      fc.assert(
        fc.property(
          fc.array(change, { minLength: 1, maxLength: 4 }),
          fc.nat(file.length),
          (changes, length) => {
            const damaged = Buffer.from(file);
            for (const [index, byte] of changes) damaged[index] = byte;
            mustBeTold(() => readPkcs12(damaged));
            mustBeTold(() => readPkcs12(damaged.subarray(0, length)));
          },
        ),
        { numRuns: 100 },
      );
    },
  );

  test("with an iteration count that would block the process", () => {
    const file = fixture("3des-sha1");
    // 2,048 as an INTEGER; two bytes more of length would need other lengths, so the count grows in place.
    for (
      let index = file.indexOf("02020800", "hex");
      index >= 0;
      index = file.indexOf("02020800", index + 1, "hex")
    ) {
      file.writeUInt16BE(0x7fff, index + 2);
    }
    expect(() => readPkcs12(file)).toThrow(ObjectError);
  });

  test("as any text of any type", () => {
    const pem = encodePem("CERTIFICATE", Buffer.from(canaryValue));
    const parts = fc.array(
      fc.oneof(
        hostileText,
        fc.constantFrom(pem, "-----BEGIN ", "-----", "-----END X-----", "-----BEGIN PRIVATE KEY-----\n"),
      ),
    );
    const contentType = fc.constantFrom(undefined, "application/x-pem-file", "application/x-pkcs12", "other");
    fc.assert(
      fc.property(parts, contentType, (texts, type) => {
        for (const form of ["pem", "pfx", "keys", "certificates"] as const) {
          mustBeTold(() => readCertificateSecret(texts.join(""), type)[form]);
        }
      }),
      { numRuns: 500 },
    );
  });
});

test("PEM reads back what it wrote", () => {
  const label = fc.constantFrom("CERTIFICATE", "PRIVATE KEY", "EC PARAMETERS");
  fc.assert(
    fc.property(fc.array(fc.tuple(label, fc.uint8Array({ minLength: 1 }))), (blocks) => {
      const text = blocks.map(([name, der]) => encodePem(name, Buffer.from(der))).join("noise\n");
      expect(parsePem(text).map((block) => [block.label, new Uint8Array(block.der)])).toEqual(blocks);
    }),
  );
});
