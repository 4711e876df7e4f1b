import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canaryToken, canaryValue, expectNoCanary } from "../../test/support/canary.ts";
import { isolatedContext, runIsolated } from "../../test/support/run-cli.ts";
import { UserError } from "../core/errors.ts";
import { readFederation } from "./federation-file.ts";

const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const publicJwk = { ...publicKey.export({ format: "jwk" }), kid: "one", use: "sig" };
const keySet = JSON.stringify({ keys: [publicJwk] });
const credential = "{clientId: c, issuer: https://cluster.example, subject: s}";

/** Reads `federation.yaml` beside the other files; paths of keys are absolute then, so they are looked up by their end. */
function read(text: string, files: Readonly<Record<string, string>> = {}) {
  const { context } = isolatedContext({
    readFile: async (path) => {
      if (path === "folder/federation.yaml") return text;
      const name = Object.keys(files).find((each) => path.endsWith(`/folder/${each}`));
      if (name === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
      return files[name]!;
    },
  });
  return readFederation(context, "folder/federation.yaml");
}

async function messageOf(text: string, files?: Readonly<Record<string, string>>): Promise<string> {
  const error: unknown = await read(text, files).then(
    () => new Error("it was accepted"),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(UserError);
  const { message, hint } = error as UserError;
  expectNoCanary(message + hint);
  return message;
}

describe("a federation file", () => {
  test("gives credentials, and keys from a file beside it, an address, or the issuer itself", async () => {
    const text = `
credentials:
  - clientId: 22222222-2222-4222-8222-222222222222
    issuer: https://cluster.example/
    subject: system:serviceaccount:shop:checkout
  - { clientId: b, issuer: kind, subject: s, audience: api://other }
  - { clientId: b, issuer: "https://discovered.example", subject: s }
issuers:
  https://cluster.example/:
    jwksUri: http://127.0.0.1:8080/openid/v1/jwks
  kind:
    jwksFile: keys/jwks.json
`;
    const found = await read(text, { "keys/jwks.json": keySet });
    expect(found).toEqual({
      federatedCredentials: [
        {
          clientId: "22222222-2222-4222-8222-222222222222",
          issuer: "https://cluster.example/",
          subject: "system:serviceaccount:shop:checkout",
        },
        { clientId: "b", issuer: "kind", subject: "s", audience: "api://other" },
        { clientId: "b", issuer: "https://discovered.example", subject: "s" },
      ],
      trustedIssuers: {
        "https://cluster.example/": { jwksUri: "http://127.0.0.1:8080/openid/v1/jwks" },
        kind: { keys: [publicJwk] },
        "https://discovered.example": "fetch",
      },
    });
  });

  test("as the README shows it is read", async () => {
    const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
    const [, text = ""] = /```yaml\n(credentials:[^]*?)```/.exec(readme)!;
    const { federatedCredentials, trustedIssuers } = await read(text, { "jwks.json": keySet });
    expect(federatedCredentials).toHaveLength(1);
    expect(trustedIssuers[federatedCredentials[0]!.issuer]).toEqual({ keys: [publicJwk] });
  });

  test("may be JSON", async () => {
    const text = JSON.stringify({
      credentials: [{ clientId: "c", issuer: "https://i.example", subject: "s" }],
    });
    expect((await read(text)).trustedIssuers).toEqual({ "https://i.example": "fetch" });
  });

  test.each([
    ["is empty", "", "line 1: the file must have credentials"],
    ["is a list", "- a", "line 1: the file must have credentials"],
    ["has no credentials", "issuers: {}", "line 1: credentials must be a list"],
    ["has an empty list", "credentials: []", "line 1: credentials must not be empty"],
    [
      "lacks a field",
      "credentials:\n  - clientId: c\n    issuer: https://i.example",
      "line 2: credentials[0].subject must be text",
    ],
    [
      "has an empty field",
      'credentials:\n  - clientId: c\n    issuer: https://i.example\n    subject: ""',
      "line 4: credentials[0].subject must not be empty",
    ],
    [
      "has an unknown field in a credential",
      `credentials:\n  - ${credential}\n  - {clientId: c, issuer: https://i.example, subject: s, ${canaryValue}: x}`,
      "line 3: credentials[1] must have clientId, issuer, subject and perhaps audience, and nothing else",
    ],
    [
      "has an unknown field",
      `credentials: [${credential}]\n${canaryValue}: 1`,
      "line 1: the file must have credentials and perhaps issuers, and nothing else",
    ],
    [
      "has a mapping for a text",
      `credentials: [{clientId: {a: ${canaryValue}}, issuer: https://i.example, subject: s}]`,
      "line 1: credentials[0].clientId must be text",
    ],
    [
      "has a field that is too long",
      `credentials: [{clientId: ${"x".repeat(501)}, issuer: https://i.example, subject: s}]`,
      "credentials[0].clientId must not have more than 500 characters",
    ],
    [
      "has an issuer with both sources",
      `credentials: [${credential}]\nissuers:\n  https://cluster.example:\n    jwksFile: a\n    jwksUri: https://b.example`,
      "line 3: issuers[ISSUER] must have either jwksFile or jwksUri",
    ],
    [
      "has an issuer with neither",
      `credentials: [${credential}]\nissuers:\n  https://cluster.example: {}`,
      "line 3: issuers[ISSUER] must have either jwksFile or jwksUri",
    ],
    [
      "has an issuer with something else",
      `credentials: [${credential}]\nissuers:\n  https://cluster.example: {${canaryValue}: x}`,
      "line 3: issuers[ISSUER] must have jwksFile or jwksUri, and nothing else",
    ],
    [
      "has an address that is none",
      `credentials: [${credential}]\nissuers:\n  https://cluster.example:\n    jwksUri: "file:///${canaryToken}"`,
      "line 4: issuers[ISSUER].jwksUri must be an address",
    ],
    [
      "has an issuer that no credential names",
      `credentials: [${credential}]\nissuers:\n  https://cluster.example/:\n    jwksUri: https://b.example`,
      "line 3: issuers[ISSUER] no credential names it; a trailing slash counts",
    ],
    [
      "has an issuer that cannot be asked",
      `credentials:\n  - clientId: c\n    issuer: kubernetes/serviceaccount\n    subject: s`,
      "line 3: credentials[0].issuer is no address to fetch keys from: add it to issuers",
    ],
    [
      "has a field twice",
      `credentials:\n  - clientId: c\n    clientId: ${canaryValue}\n    issuer: https://i.example\n    subject: s`,
      "line 3: this key is there twice",
    ],
    ["is no YAML", `credentials: [\n  "${canaryValue}`, "line 2, column"],
    ["has aliases", `credentials: &a [${credential}]\nissuers: *a`, "aliases (*name) are not supported"],
    ["is nested deeply", `credentials: ${"[".repeat(50_000)}`, "line 1: it is nested too deeply"],
    ["is nested by dashes", `${"- ".repeat(50_000)}a`, "line 1: it is nested too deeply"],
    [
      "is nested by lines",
      Array.from({ length: 400 }, (_, n) => `${" ".repeat(n)}a:`).join("\n"),
      "nested too deeply",
    ],
    ["is too long", "x".repeat(262_145), "it has more than 262144 characters"],
    [
      "has too many credentials",
      `credentials:\n${`- ${credential}\n`.repeat(1_001)}`,
      "credentials must not have more than 1000 entries",
    ],
    ["would change every object", `credentials: [${credential}]\n__proto__: {x: 1}`, "and nothing else"],
  ])("that %s is refused, with its line", async (_what, text, message) => {
    const found = await messageOf(text);
    expect(found).toContain(message);
    expect(found).toContain("folder/federation.yaml");
  });

  test("tells ten problems at most", async () => {
    const found = await messageOf(`credentials:\n${`- {clientId: c}\n`.repeat(20)}`);
    expect(found.split("\n")).toHaveLength(11);
    expect(found).toContain("and 30 more");
  });

  test("of any content is read or refused, quoting nothing", async () => {
    const piece = fc.constantFrom(
      "credentials:",
      "issuers:",
      "clientId:",
      "\n",
      "  ",
      "- ",
      "{",
      "}",
      "[",
      "]",
      ": ",
      "*a",
      "&a ",
      "? ",
      "|",
      "'",
      `"${canaryValue}"`,
      canaryToken,
      "jwksFile: ",
      "https://i.example",
      "!!js ",
      "---",
      "%",
      "\t",
      "<<: ",
      "\u0000",
    );
    const run = fc.asyncProperty(fc.array(piece, { maxLength: 40 }), async (pieces) => {
      const error: unknown = await read(pieces.join("")).then(
        () => new UserError("", ""),
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(UserError);
      expectNoCanary(`${(error as UserError).message}${(error as UserError).hint}`);
    });
    await fc.assert(run, { numRuns: 300 });
  });
});

describe("a key file", () => {
  const text = `credentials: [${credential}]\nissuers: {"https://cluster.example": {jwksFile: jwks.json}}`;
  const secret = privateKey.export({ format: "jwk" });

  test.each([
    ["is missing", {}, "--federation: there is no file "],
    ["is no JSON", { "jwks.json": canaryValue }, "jwks.json is no key set"],
    ["has no keys", { "jwks.json": '{"keys": []}' }, "jwks.json is no key set"],
    [
      "has too many keys",
      { "jwks.json": JSON.stringify({ keys: Array.from({ length: 101 }, () => publicJwk) }) },
      "is no key set",
    ],
    ["is too long", { "jwks.json": keySet + " ".repeat(262_144) }, "is no key set"],
    [
      "has a private key",
      { "jwks.json": JSON.stringify({ keys: [publicJwk, secret] }) },
      "keys[1] is no public RSA or EC key",
    ],
    [
      "has a shared secret",
      { "jwks.json": `{"keys": [{"kty": "oct", "k": "${canaryToken}"}]}` },
      "keys[0] is no public",
    ],
    [
      "has a broken key",
      { "jwks.json": `{"keys": [{"kty": "EC", "crv": "P-256", "x": "${canaryToken}"}]}` },
      "keys[0] is no public",
    ],
  ])("that %s is refused with its name", async (_what, files, message) => {
    expect(await messageOf(text, files)).toContain(message);
  });
});

test("keyweir emulator refuses a wrong file before anything listens", async () => {
  const result = await runIsolated("emulator --federation nowhere.yaml");
  expect(result).toMatchObject({ exitCode: 1, stdout: "" });
  expect(result.stderr).toContain("--federation: there is no file nowhere.yaml.");
});
