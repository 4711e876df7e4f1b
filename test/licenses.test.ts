import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { checkoutRoot } from "./support/checkout.ts";

interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Licences that ask for nothing but their text and notices when Keyweir is passed on. */
const allowed = new Set([
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "CC0-1.0",
  "ISC",
  "MIT",
  "Python-2.0",
  "Unlicense",
]);

/** Tools that run here and are never shipped may also be under a file-level copyleft. */
const allowedForTools = new Set([...allowed, "CC-BY-4.0", "MPL-2.0"]);

/** Whether an SPDX expression of AND, OR and brackets can be met with these licences. */
function isMetBy(expression: string, licenses: ReadonlySet<string>): boolean {
  let text = expression;
  for (let inner = text.match(/\(([^()]*)\)/); inner !== null; inner = text.match(/\(([^()]*)\)/)) {
    text = text.replace(inner[0], isMetBy(inner[1]!, licenses) ? "MIT" : "refused");
  }
  return text
    .split(" OR ")
    .some((choice) => choice.split(" AND ").every((name) => licenses.has(name.trim())));
}

function readLock(): Readonly<Record<string, LockedPackage>> {
  const lock = JSON.parse(readFileSync(`${checkoutRoot}/package-lock.json`, "utf8")) as {
    packages: Record<string, LockedPackage>;
  };
  return lock.packages;
}

test("every dependency has a licence that lets Keyweir be passed on", () => {
  const dependencies = Object.entries(readLock()).filter(([path]) => path.startsWith("node_modules/"));
  expect(dependencies.length).toBeGreaterThan(100);
  const refused = dependencies.filter(([, { license, dev, devOptional }]) => {
    return !isMetBy(license ?? "none", dev === true || devOptional === true ? allowedForTools : allowed);
  });
  expect(refused.map(([path, { license }]) => `${path}: ${license ?? "no licence named"}`)).toEqual([]);
});

test("the lock file names the packages of every platform, not of this one alone", () => {
  const lock = readLock();
  const missing = Object.entries(lock).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !(`node_modules/${name}` in lock) && !(`${path}/node_modules/${name}` in lock),
    ),
  );
  expect(missing, "node scripts/lock-platforms.mjs adds them").toEqual([]);
});

test.each([
  ["MIT", true],
  ["(BSD-3-Clause OR GPL-2.0)", true],
  ["(Apache-2.0 AND BSD-3-Clause)", true],
  ["(MIT AND (GPL-2.0 OR ISC))", true],
  ["(Apache-2.0 AND GPL-2.0)", false],
  ["MIT AND (GPL-2.0 OR AGPL-3.0)", false],
  ["GPL-3.0-only", false],
  ["SEE LICENSE IN LICENSE.md", false],
  ["none", false],
])("the licence expression %s is met: %s", (expression, expected) => {
  expect(isMetBy(expression, allowed)).toBe(expected);
});
