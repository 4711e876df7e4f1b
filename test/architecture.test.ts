import { expect, test } from "vitest";
import { readCheckout } from "./support/checkout.ts";
import { findImports, resolveRelative } from "./support/imports.ts";
import { formatViolations, type SourceFile, type Violation } from "./support/source-text.ts";

/** What a folder may take from another: everything, only what is erased, or named files (and types of those alone). */
type Permission = "all" | "types" | { readonly files: readonly string[] } | { readonly typesAnd: RegExp };

/** The import table of ARCHITECTURE.md. A folder may always import itself. Tests may import any folder but cli. */
const importTable: Readonly<Record<string, Readonly<Record<string, Permission>>>> = {
  core: {},
  policy: { core: "all" },
  limits: { core: "all" },
  vault: { core: "all", policy: "all", limits: "all" },
  emulator: { core: "all", limits: "all", vault: "types" },
  kube: { core: "all", policy: "all" },
  sandbox: { core: "all", kube: "types" },
  provider: { core: "all", vault: "all" },
  operator: { core: "all", policy: "all", kube: "all", provider: { files: ["src/provider/client.ts"] } },
  fleet: { core: "all", policy: "all", limits: "all" },
  planner: { core: "all", policy: "all", limits: "all", fleet: "all" },
  doctor: {
    core: "all",
    vault: "all",
    kube: "all",
    planner: "all",
    operator: { typesAnd: /\/reasons?\.ts$/ },
  },
  hub: { core: "all", policy: "all", vault: "all" },
  web: { core: "all", fleet: "all", planner: "all", doctor: "all" },
  "web/ui": { fleet: "all", planner: "all", core: "types", doctor: "types", web: "types" },
  cli: {
    core: "all",
    policy: "all",
    limits: "all",
    vault: "all",
    emulator: "all",
    kube: "all",
    sandbox: "all",
    provider: "all",
    operator: "all",
    fleet: "all",
    planner: "all",
    doctor: "all",
    hub: "all",
    web: "all",
  },
};

/** Folders whose code also runs in a browser worker: neither they nor what they import may touch `node:`. */
const browserFolders = ["policy", "limits", "fleet", "planner", "web/ui"];

/** The files of core that may import `node:`; the rest of core also runs in a browser. */
const nodeFilesOfCore = ["src/core/listen.ts"];

/** Packages that one file or folder stands in front of, so that replacing them is a change in one place. */
const packageOwners: readonly { readonly package: RegExp; readonly owners: readonly string[] }[] = [
  { package: /^pino(-|$)/, owners: ["src/core/log.ts"] },
  { package: /^@prometheus-io\/client$/, owners: ["src/core/metrics.ts"] },
  { package: /^pure-rand(\/|$)/, owners: ["src/core/random.ts"] },
  { package: /^@stricli\//, owners: ["src/cli/"] },
  { package: /^@grpc\//, owners: ["src/provider/"] },
  { package: /^@azure\/core-auth$/, owners: ["src/vault/"] },
  { package: /^@azure\/core-rest-pipeline$/, owners: ["src/emulator/handler-http-client.ts"] },
  { package: /^@azure\/(identity|keyvault-)/, owners: [] },
  { package: /^undici$/, owners: ["src/core/text-exchange.ts", "src/kube/", "src/vault/", "src/hub/"] },
  { package: /^(vitest|fast-check|playwright-core)(\/|$)/, owners: [] },
];

/** Tests, laws that several tests share, and the benches that they stand on; none of it is shipped. */
const isTestFile = (path: string) => /\.(test|laws)\.ts$|\/testing\//.test(path);
const isSource = (path: string) => /^src\/.*\.tsx?$/.test(path);

function folderOf(path: string): string {
  const [, folder = "", subfolder = ""] = path.split("/");
  return Object.hasOwn(importTable, `${folder}/${subfolder}`) ? `${folder}/${subfolder}` : folder;
}

/** Every import under src/ that the table forbids. */
function checkArchitecture(files: readonly SourceFile[]): readonly Violation[] {
  const sources = files.filter((file) => isSource(file.path));
  const nodeReach = findNodeReach(sources);
  const violations: Violation[] = [];
  for (const file of sources) {
    const folder = folderOf(file.path);
    for (const { specifier, isTypeOnly, line } of findImports(file)) {
      const message = specifier.startsWith(".")
        ? judgeRelative(file.path, resolveRelative(file.path, specifier), isTypeOnly, nodeReach)
        : judgePackage(file.path, specifier);
      if (message !== undefined) violations.push({ path: file.path, line, message });
    }
    if (!Object.hasOwn(importTable, folder)) {
      violations.push({
        path: file.path,
        line: 1,
        message: `folder "${folder}" is not in the import table; decide what it may import and add a row.`,
      });
    }
  }
  return violations;
}

function judgeRelative(
  path: string,
  target: string,
  isTypeOnly: boolean,
  nodeReach: ReadonlyMap<string, string>,
): string | undefined {
  if (!target.startsWith("src/")) {
    return isTestFile(path) || target === "package.json"
      ? undefined
      : `imports ${target}, outside src/; shipped code imports only src/. Move what you need there.`;
  }
  const from = folderOf(path);
  const to = folderOf(target);
  if (isTestFile(path)) {
    return to === "cli" && from !== "cli"
      ? `imports cli; drive what cli wires, or test it in src/cli.`
      : undefined;
  }
  if (isTestFile(target)) return `imports the test file ${target}; move what both need into a source file.`;
  const reached = nodeReach.get(target);
  if (browserFolders.includes(from) && !isTypeOnly && reached !== undefined) {
    return `${from} also runs in a browser, but ${target} needs ${reached}; take it as a parameter instead.`;
  }
  if (from === to) return undefined;
  const permission = importTable[from]?.[to];
  if (permission === "all") return undefined;
  if (permission === undefined) {
    const allowed = Object.keys(importTable[from] ?? {}).join(", ") || "nothing";
    const remedy = to === "cli" ? "cli is imported by nobody" : `${from} may import ${allowed}`;
    return `${from} imports ${to}; ${remedy}. Take what you need as a parameter, or move it to a folder both may use.`;
  }
  if (permission === "types") {
    return isTypeOnly ? undefined : `${from} may import only types from ${to}; write \`import type\`.`;
  }
  if ("files" in permission) {
    return permission.files.includes(target)
      ? undefined
      : `${from} may import only ${permission.files.join(", ")} from ${to}; go through that.`;
  }
  return isTypeOnly || permission.typesAnd.test(target)
    ? undefined
    : `${from} may import only types and the reasons from ${to}; write \`import type\`.`;
}

function judgePackage(path: string, specifier: string): string | undefined {
  const folder = folderOf(path);
  if (/^keyweir(\/|$)/.test(specifier))
    return `imports ${specifier} by its public name; use a relative path.`;
  if (isTestFile(path)) return undefined;
  if (specifier.startsWith("node:")) {
    if (specifier.startsWith("node:timers") && path !== "src/core/clock.ts") {
      return `imports ${specifier}; take a Clock (src/core/clock.ts) as a parameter.`;
    }
    if (browserFolders.includes(folder)) {
      return `imports ${specifier}, but ${folder} also runs in a browser; take what it gives as a parameter.`;
    }
    if (folder === "core" && !nodeFilesOfCore.includes(path)) {
      return `imports ${specifier}; in core only ${nodeFilesOfCore.join(", ")} may. Put it into a folder above.`;
    }
    return undefined;
  }
  const rule = packageOwners.find((candidate) => candidate.package.test(specifier));
  if (rule === undefined || folder === "cli" || rule.owners.some((owner) => path.startsWith(owner)))
    return undefined;
  return `imports ${specifier}; only ${rule.owners.join(", ") || "tests"} may. Use what that exports instead.`;
}

/** For each file that reaches `node:` when it runs, the module it reaches and through which file. */
function findNodeReach(sources: readonly SourceFile[]): ReadonlyMap<string, string> {
  const reach = new Map<string, string>();
  const importersOf = new Map<string, string[]>();
  const pending: string[] = [];
  for (const file of sources) {
    for (const { specifier, isTypeOnly } of findImports(file)) {
      if (isTypeOnly) continue;
      if (specifier.startsWith(".")) {
        const target = resolveRelative(file.path, specifier);
        importersOf.set(target, [...(importersOf.get(target) ?? []), file.path]);
      } else if (specifier.startsWith("node:") && !reach.has(file.path)) {
        reach.set(file.path, specifier);
        pending.push(file.path);
      }
    }
  }
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    for (const importer of importersOf.get(path) ?? []) {
      if (reach.has(importer)) continue;
      const reached = reach.get(path)!;
      reach.set(importer, reached.includes(" through ") ? reached : `${reached} through ${path}`);
      pending.push(importer);
    }
  }
  return reach;
}

test("every import follows the table", () => {
  const files = readCheckout();
  expect(files.filter((file) => isSource(file.path)).length).toBeGreaterThan(10);
  expect(formatViolations(checkArchitecture(files))).toBe("");
});

test("the table has no cycle between folders", () => {
  const finished = new Set<string>();
  const visit = (folder: string, path: readonly string[]): void => {
    expect(path, `${[...path, folder].join(" -> ")} is a cycle`).not.toContain(folder);
    if (finished.has(folder)) return;
    for (const next of Object.keys(importTable[folder] ?? {})) visit(next, [...path, folder]);
    finished.add(folder);
  };
  for (const folder of Object.keys(importTable)) visit(folder, []);
  expect(finished.size).toBe(Object.keys(importTable).length);
});

test("ARCHITECTURE.md shows the same table", () => {
  const page = readCheckout().find((file) => file.path === "ARCHITECTURE.md")!.text;
  const rows = new Map<string, readonly string[]>();
  for (const [, folder = "", imports = ""] of page.matchAll(/^\| `([a-z/]+)` +\| ([^|]+)\|$/gm)) {
    rows.set(folder, [...imports.matchAll(/`([a-z/]+)`/g)].map(([, name = ""]) => name).toSorted());
  }
  for (const [folder, imports] of Object.entries(importTable)) {
    const expected = folder === "cli" ? [] : Object.keys(imports).toSorted();
    expect(rows.get(folder), `the row of ${folder}`).toEqual(expected);
  }
});

const planted: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
  [
    "a folder above",
    { "src/policy/a.ts": `import { x } from "../vault/b.ts";` },
    "src/policy/a.ts:1: policy imports vault; policy may import core.",
  ],
  [
    "the command line",
    { "src/operator/a.ts": `\nimport { x } from "../cli/b.ts";` },
    "src/operator/a.ts:2: operator imports cli; cli is imported by nobody.",
  ],
  [
    "the command line from a test elsewhere",
    { "src/operator/a.test.ts": `import { x } from "../cli/b.ts";` },
    "src/operator/a.test.ts:1: imports cli;",
  ],
  [
    "a value where only types are allowed",
    { "src/emulator/a.ts": `import { type A, b } from "../vault/b.ts";` },
    "src/emulator/a.ts:1: emulator may import only types from vault",
  ],
  [
    "an inline type, which leaves an import behind",
    { "src/sandbox/a.ts": `import { type A } from "../kube/b.ts";` },
    "src/sandbox/a.ts:1: sandbox may import only types from kube",
  ],
  [
    "the provider beside its client",
    { "src/operator/a.ts": `export * from "../provider/gen/service.ts";` },
    "src/operator/a.ts:1: operator may import only src/provider/client.ts from provider",
  ],
  [
    "an operator value in the doctor",
    { "src/doctor/a.ts": `import { b } from "../operator/b.ts";` },
    "src/doctor/a.ts:1: doctor may import only types and the reasons from operator",
  ],
  [
    "node: in a folder for browsers",
    { "src/planner/a.ts": `import { readFileSync } from "node:fs";` },
    "src/planner/a.ts:1: imports node:fs, but planner also runs in a browser",
  ],
  [
    "node: behind two files of core",
    {
      "src/fleet/a.ts": `import { b } from "../core/b.ts";`,
      "src/core/b.ts": `import { c } from "./listen.ts";`,
      "src/core/listen.ts": `import "node:net";`,
    },
    "src/fleet/a.ts:1: fleet also runs in a browser, but src/core/b.ts needs node:net through src/core/listen.ts",
  ],
  [
    "node: in the wrong file of core",
    { "src/core/a.ts": `import { readFileSync } from 'node:fs';` },
    "src/core/a.ts:1: imports node:fs; in core only",
  ],
  [
    "timers behind the clock's back",
    { "src/kube/a.ts": `import { setTimeout } from "node:timers/promises";` },
    "src/kube/a.ts:1: imports node:timers/promises; take a Clock",
  ],
  [
    "a package past its owner",
    { "src/operator/a.ts": `import { pino } from "pino";` },
    "src/operator/a.ts:1: imports pino; only src/core/log.ts may.",
  ],
  [
    "a test library in shipped code",
    { "src/vault/a.ts": `import fc from "fast-check";` },
    "src/vault/a.ts:1: imports fast-check; only tests may.",
  ],
  [
    "a test in shipped code",
    { "src/vault/a.ts": `import { b } from "./b.laws.ts";` },
    "src/vault/a.ts:1: imports the test file src/vault/b.laws.ts",
  ],
  [
    "the public name of a folder",
    { "src/cli/a.ts": `const { b } = await import("keyweir/vault");` },
    "src/cli/a.ts:1: imports keyweir/vault by its public name",
  ],
  [
    "code outside src",
    { "src/vault/a.ts": `import { b } from "../../test/support/b.ts";` },
    "src/vault/a.ts:1: imports test/support/b.ts, outside src/",
  ],
  [
    "a folder without a row",
    { "src/misc/a.ts": `` },
    `src/misc/a.ts:1: folder "misc" is not in the import table`,
  ],
];

test.each(planted)("the check catches %s", (_name, files, expected) => {
  const sources = Object.entries(files).map(([path, text]) => ({ path, text }));
  const found = formatViolations(checkArchitecture(sources)).split("\n");
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(expected);
});

test("the check lets through what the table allows", () => {
  const sources = [
    {
      path: "src/emulator/a.ts",
      text: `import type { A } from "../vault/b.ts"; import { c } from "../limits/c.ts";`,
    },
    { path: "src/operator/a.ts", text: `import { c } from "../provider/client.ts";` },
    {
      path: "src/operator/a.test.ts",
      text: `import { c } from "../emulator/index.ts"; import "fast-check";`,
    },
    { path: "src/doctor/a.ts", text: `export type { D } from "../operator/d.ts";` },
    { path: "src/doctor/b.ts", text: `import { d } from "../operator/secret-sync/reasons.ts";` },
    { path: "src/cli/a.ts", text: `const b = await import("../operator/b.ts");` },
    { path: "src/planner/a.ts", text: `// import "node:fs";\nconst b = \`import "node:fs"; \${1}\`;` },
  ];
  expect(formatViolations(checkArchitecture(sources))).toBe("");
});

test("imports are found in every form, and nowhere else", () => {
  const text = [
    `import a from "a"; import * as b from 'b';`,
    `import {`,
    `  c,`,
    `  type D,`,
    `} from "c";`,
    `import type { E } from "e";`,
    `import type F from "f";`,
    `import type, { g } from "g";`,
    `export * from "h"; export type { I } from "i";`,
    `const j = await import("j"); const url = "http://k";`,
    `// import "no";`,
    `/* import "no" */ const quoted = 'import "no"', regular = /import "no"/, later = 1 / 2;`,
    `const template = \`import "no" \${(await import("l")).name + \`import "no"\`} from "no"\`;`,
    `const object = { import: "no" }; object.import("no"); export const from = "no";`,
    `import "m";`,
  ].join("\n");
  const found = findImports({ path: "src/core/a.ts", text });
  expect(found.map(({ specifier }) => specifier).toSorted()).toEqual("abcefghijlm".split(""));
  expect(found.filter(({ isTypeOnly }) => isTypeOnly).map(({ specifier }) => specifier)).toEqual([
    "e",
    "f",
    "i",
  ]);
  expect(found.map(({ specifier, line }) => `${specifier}${line}`)).toContain("c5");
});
