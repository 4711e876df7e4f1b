import { describe, expect, test } from "vitest";
import { objectsYaml } from "../../test/support/mount-request.ts";
import { objectFieldReference } from "./object-spec.ts";
import { parseObjects } from "./objects.ts";

function specOf(object: Record<string, string | number>) {
  const parsed = parseObjects(objectsYaml([object]));
  const entry = parsed.kind === "valid" ? parsed.entries[0] : undefined;
  if (entry?.kind !== "valid") throw new Error(JSON.stringify(parsed));
  return entry.spec;
}

function problemsOf(text: string): readonly string[] {
  const parsed = parseObjects(text);
  if (parsed.kind === "invalid") return parsed.problems;
  return parsed.entries.flatMap((entry) => (entry.kind === "invalid" ? entry.object.problems : []));
}

test("an object has the stock provider's defaults", () => {
  expect(specOf({ objectName: "db", objectType: "secret" })).toEqual({
    type: "secret",
    name: "db",
    path: "db",
    version: "",
    historyLength: 1,
    format: "pem",
    encoding: "utf-8",
    fileMode: undefined,
  });
});

test.each([
  ["objectAlias", "other", { path: "other" }],
  ["objectVersion", "latest", { version: "" }],
  ["objectVersion", "0123e4", { version: "0123e4" }],
  ["objectVersionHistory", "5", { historyLength: 5 }],
  ["objectVersionHistory", "0", { historyLength: 1 }],
  ["objectVersionHistory", "-3", { historyLength: 1 }],
  ["objectFormat", "PFX", { format: "pfx" }],
  ["objectEncoding", "BASE64", { encoding: "base64" }],
  ["objectEncoding", "Hex", { encoding: "hex" }],
  ["filePermission", "0400", { fileMode: 0o400 }],
  ["objectVersion", "null", { version: "" }],
  ["objectAlias", "~", { path: "db" }],
])("%s: %s is understood", (name, value, expected) => {
  expect(specOf({ objectName: " db ", objectType: "secret", [name]: value })).toMatchObject(expected);
});

test.each([
  [{ objectType: "secret" }, "objectName is not set"],
  [{ objectName: "a" }, "Invalid vaultObjectTypes. Should be secret, key, or cert"],
  [{ objectName: "a", objectType: "Secret" }, "(a text of 6 characters). Invalid vaultObjectTypes."],
  [{ objectName: "a", objectType: "secret", objectFormat: "der" }, "invalid objectFormat"],
  [
    { objectName: "a", objectType: "key", objectFormat: "PFX" },
    "PFX format only supported for objectType: secret",
  ],
  [
    { objectName: "a", objectType: "cert", objectEncoding: "hex" },
    "objectEncoding only supported for objectType: secret",
  ],
  [{ objectName: "a", objectType: "secret", objectEncoding: "utf8" }, "should be hex, base64 or utf-8"],
  [
    { objectName: "a", objectType: "secret", objectVersionHistory: "two" },
    "objectVersionHistory must be a whole number",
  ],
  [{ objectName: "a", objectType: "secret", objectVersionHistory: "2147483648" }, "up to 2147483647"],
  [
    { objectName: "a", objectType: "secret", objectAlias: "/etc/passwd" },
    "file name must be a relative path",
  ],
  [{ objectName: "a", objectType: "secret", objectAlias: "b/../../c" }, "file name must not contain '..'"],
  [{ objectName: "a", objectType: "secret", filePermission: "rw" }, "filePermission must be an octal number"],
  [{ objectName: "[a, b]", objectType: "secret" }, "objectName must be a text, not a list, mapping or alias"],
])("%j is refused", (object, expected) => {
  const problems = problemsOf(objectsYaml([object]));
  expect(problems.join("; ")).toContain(expected);
  expect(problems).toHaveLength(1);
});

test("all problems of an object are told", () => {
  const problems = problemsOf(
    objectsYaml([{ objectType: "secrets", objectFormat: "x", objectAlias: "../a" }]),
  );
  expect(problems).toHaveLength(4);
});

test.each(["array:", "array: []", "array: ~"])("%j is an empty list", (text) => {
  expect(parseObjects(text)).toEqual({ kind: "valid", entries: [] });
});

test("an item may be a mapping itself", () => {
  const parsed = parseObjects("array:\n  - objectName: a\n    objectType: key\n");
  expect(parsed).toMatchObject({
    kind: "valid",
    entries: [{ kind: "valid", spec: { name: "a", type: "key" } }],
  });
});

describe("wrong YAML", () => {
  test.each([
    ["- a", "objects: it must be a mapping with the key `array`"],
    ["list:\n  - a", "objects has no key `array`"],
    ["array: yes", "`array` must be a list"],
    ["array:\n  - 'a\n", "objects, line 3, column 1: a character is missing here"],
    ["array:\n\t- a", "objects, line 2, column 1: tabs cannot indent"],
    ["array: []\narray: []", "objects, line 2, column 1: this key is there twice"],
    ["array:\n  - [1]", "keyVaultObjects at index 0: it must be a YAML text"],
    ["array:\n  - just text", "index 0, objects, line 2, column 5: it must be a mapping"],
    [
      "array:\n  - |\n    objectName: a\n    objectType: secret\n  - |\n    objectName: b\n    objectName: c\n",
      "index 1, objects, line 7, column 5: this key is there twice",
    ],
    ["array:\n  - |2\n      objectName: *a\n", "objectName must be a text, not a list, mapping or alias"],
    ['array:\n  - "a: ["', "index 0, objects, line 2, column 5:"],
  ])("%j shows where", (text, expected) => {
    expect(problemsOf(text).join("; ")).toContain(expected);
  });

  test("too much of it is refused before it is parsed", () => {
    expect(problemsOf(`array:\n${"  - a\n".repeat(50_000)}`)[0]).toContain("longer than 262144 bytes");
    expect(problemsOf(`array:\n${"  - ''\n".repeat(2_001)}`)[0]).toContain("at most 2000 are allowed");
  });
});

test("the reference lists each field of an object", () => {
  expect(objectFieldReference.filter((row) => row.isRequired).map((row) => row.name)).toEqual([
    "objectName",
    "objectType",
  ]);
  expect(objectFieldReference.filter((row) => row.description.length < 10)).toEqual([]);
});
