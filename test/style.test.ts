import { execFileSync } from "node:child_process";
import { homedir } from "node:os";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { checkoutRoot, readCheckout } from "./support/checkout.ts";
import {
  blankNonCode,
  formatViolations,
  lineAt,
  type SourceFile,
  type Violation,
} from "./support/source-text.ts";

const lineLimit = 400;

interface Ban {
  readonly pattern: RegExp;
  readonly message: string;
  /** Whether the ban holds for this file. */
  readonly appliesTo: (path: string) => boolean;
}

const isCode = (path: string) => /\.(ts|tsx|mjs|js)$/.test(path);
const isGenerated = (path: string) => path.includes("/gen/");
const isTest = (path: string) => /\.(test|laws)\.ts$|\/testing\//.test(path);
const isShipped = (path: string) => /^src\/.*\.tsx?$/.test(path) && !isGenerated(path);
const isConfig = (path: string) => /^[^/]+\.config\.ts$/.test(path);

/** Files that may touch real time, real chance and timers. The virtual clock yields to the event loop once a step. */
const clockFiles = ["src/core/clock.ts", "src/core/random.ts", "src/core/virtual-clock.ts"];
const takesNoClock = (path: string) =>
  (isShipped(path) || /^test\/(?!e2e\/|apiserver\/|support\/)/.test(path)) && !clockFiles.includes(path);

/** Files that may read the environment: configuration, and the command line with what it composes. */
const readsEnvironment = (path: string) =>
  /(^|\/)(cluster-)?config\.ts$/.test(path) || path.startsWith("src/cli/");

/** What may not stand in code; comments and the contents of strings do not count. */
const bannedCode: readonly Ban[] = [
  {
    pattern: /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b|\bprocess\.(hrtime|uptime)\b/g,
    message: "reads the time; take a Clock (src/core/clock.ts) as a parameter.",
    appliesTo: takesNoClock,
  },
  {
    pattern: /(?<![.\w$])(setTimeout|setInterval|setImmediate)\b|\bAbortSignal\.timeout\b/g,
    message: "starts a timer; take a Clock (src/core/clock.ts) and use setTimer, sleep or withDeadline.",
    appliesTo: takesNoClock,
  },
  {
    pattern: /\bMath\.random\b/g,
    message: "draws at random; take a Random (src/core/random.ts) as a parameter.",
    appliesTo: takesNoClock,
  },
  {
    pattern: /\bprocess\.env\b/g,
    message:
      "reads the environment; only */config.ts, */cluster-config.ts and cli/ do. Take the value as an option.",
    appliesTo: (path) => isShipped(path) && !isTest(path) && !readsEnvironment(path),
  },
  {
    pattern: /\bexport\s+default\b/g,
    message: "has a default export; export by name.",
    appliesTo: (path) => isCode(path) && !isConfig(path),
  },
  {
    pattern: /^\s*(export\s+)?(declare\s+)?(const\s+)?enum\s+\w/gm,
    message: "declares an enum; use a union of string literals.",
    appliesTo: isShipped,
  },
  {
    pattern: /\b(test|it|describe)\.(skip|only|todo|skipIf|runIf|fails)\b|\bvi\.(mock|spyOn|stubGlobal)\b/g,
    message: "skips, singles out or mocks; every test runs, against fakes that behave.",
    appliesTo: isTest,
  },
];

const banned = /(^|\/)(utils?|helpers?|common|misc)(\.|\/|-|$)|-(utils?|helpers?)(\.|\/|$)/;
const kebabSegment = /^\.?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/;
const namedFolders = /^(src|test|bench|scripts|bin|examples|deploy|proto)\//;
/** Names that another tool prescribes. */
const prescribedNames =
  /(^|\/)(README\.md|Chart\.yaml|_[a-z-]+\.tpl|NOTES\.txt|Dockerfile|\.helmignore|go\.(mod|sum)|\w+\.py)$/;

const unfinished = /\b(TODO|FIXME|XXX|HACK)\b/g;
const exportedName =
  /^export (?:declare )?(?:abstract )?(?:async )?(function\*?|class|const|let|interface|type) (?!\{|\*)(\w+)/gm;

function checkStyle(files: readonly SourceFile[]): readonly Violation[] {
  return files.flatMap((file) => [
    ...checkName(file.path),
    ...(isShipped(file.path) ? checkLength(file) : []),
    ...(isCode(file.path) ? checkBans(file) : []),
    ...(isShipped(file.path) && !isTest(file.path) ? checkContracts(file) : []),
  ]);
}

function checkName(path: string): readonly Violation[] {
  const violations: Violation[] = [];
  const add = (message: string) => violations.push({ path, line: 1, message });
  if (banned.test(path)) add("has a name that says nothing; name the file after the main thing it exports.");
  if (namedFolders.test(path) && !prescribedNames.test(path) && !isGenerated(path)) {
    const wrong = path.split("/").find((segment) => !kebabSegment.test(segment));
    if (wrong !== undefined) add(`"${wrong}" is not kebab-case.`);
  }
  return violations;
}

function checkLength({ path, text }: SourceFile): readonly Violation[] {
  const lines = text.split("\n").length - 1;
  if (lines <= lineLimit) return [];
  return [
    { path, line: lineLimit + 1, message: `has ${lines} lines, more than ${lineLimit}; split it by idea.` },
  ];
}

function checkBans({ path, text }: SourceFile): readonly Violation[] {
  const code = blankNonCode(text);
  const violations: Violation[] = [];
  for (const { pattern, message, appliesTo } of bannedCode) {
    if (!appliesTo(path)) continue;
    for (const match of code.matchAll(pattern)) {
      const offset = match.index + match[0].search(/\S/);
      violations.push({ path, line: lineAt(code, offset), message: `${match[0].trim()} ${message}` });
    }
  }
  if (isShipped(path) && !isTest(path)) {
    for (const match of text.matchAll(unfinished)) {
      const message = `${match[0]} marks unfinished work; finish it, or file an issue and say nothing here.`;
      violations.push({ path, line: lineAt(text, match.index), message });
    }
  }
  return violations;
}

/**
 * An exported name has a doc comment; a type may carry it on its members instead, and one-liners that follow each
 * other share the comment of the first.
 */
function checkContracts({ path, text }: SourceFile): readonly Violation[] {
  const code = blankNonCode(text);
  const violations: Violation[] = [];
  const documented = new Set<string>();
  let groupEnd = -1;
  for (const match of code.matchAll(exportedName)) {
    const [, kind = "", name = ""] = match;
    const isDocumented =
      text.slice(0, match.index).trimEnd().endsWith("*/") ||
      documented.has(name) ||
      match.index === groupEnd ||
      ((kind === "interface" || kind === "type") && hasDocumentedMember(text, code, match.index));
    if (isDocumented) {
      documented.add(name);
      groupEnd = code.indexOf("\n", match.index) + 1;
    } else {
      const message = `${name} is exported without its contract: say what it promises, its unit, its limits, its errors.`;
      violations.push({ path, line: lineAt(text, match.index), message });
    }
  }
  return violations;
}

function hasDocumentedMember(text: string, code: string, start: number): boolean {
  const end = code.slice(start).search(/(?<=\n)\S/);
  return text.slice(start, end < 0 ? undefined : start + end).includes("/**");
}

/** Texts that tell on which machine or from which registry the work was done. */
function checkPlaces(files: readonly SourceFile[], places: readonly string[]): readonly Violation[] {
  const violations: Violation[] = [];
  for (const { path, text } of files) {
    for (const place of places) {
      for (let at = text.indexOf(place); at >= 0; at = text.indexOf(place, at + place.length)) {
        // "../src/" is no absolute path, and "https://host/src/" none of this machine.
        if (place.startsWith("/") && /[\w.:/-]/.test(text[at - 1] ?? "")) continue;
        violations.push({
          path,
          line: lineAt(text, at),
          message: `names a place of one machine; say it in general.`,
        });
      }
    }
  }
  return violations;
}

/** This checkout, its parent and the home folder, and the host that npm installs from; none is written down here. */
function findPlaces(): readonly string[] {
  const systemFolders = [
    "/",
    "/app",
    "/build",
    "/home",
    "/mnt",
    "/opt",
    "/root",
    "/src",
    "/srv",
    "/tmp",
    "/usr",
    "/var",
  ];
  const folders = [checkoutRoot, dirname(checkoutRoot), homedir()].filter(
    (folder) => !systemFolders.includes(folder),
  );
  const registry = execFileSync("npm", ["config", "get", "registry"], {
    cwd: checkoutRoot,
    encoding: "utf8",
  }).trim();
  return [
    ...folders.map((folder) => `${folder}/`),
    ...(URL.canParse(registry) ? [new URL(registry).host] : []),
  ];
}

test("every file keeps the house style", () => {
  const files = readCheckout();
  expect(files.length).toBeGreaterThan(50);
  expect(formatViolations(checkStyle(files))).toBe("");
});

test("no file names a place of one machine or a registry's host", () => {
  const places = findPlaces();
  expect(places.length).toBeGreaterThan(0);
  expect(formatViolations(checkPlaces(readCheckout(), places))).toBe("");
});

const planted: readonly (readonly [string, string, string, string])[] = [
  ["a long file", "src/core/a.ts", "\n".repeat(401), "src/core/a.ts:401: has 401 lines"],
  ["a name in camel case", "src/core/virtualClock.ts", "", `"virtualClock.ts" is not kebab-case`],
  ["a folder in camel case", "test/e2E/clock.ts", "", `"e2E" is not kebab-case`],
  ["a name that says nothing", "src/core/utils.ts", "", "has a name that says nothing"],
  ["a folder that says nothing", "src/common/clock.ts", "", "has a name that says nothing"],
  ["a name that hides behind another", "src/kube/watch-helpers.ts", "", "has a name that says nothing"],
  [
    "the wall clock",
    "src/kube/a.ts",
    "const now =\n  Date.now();",
    "src/kube/a.ts:2: Date.now reads the time",
  ],
  ["a date of now", "src/kube/a.ts", "const now = new Date();", "new Date() reads the time"],
  ["a stop watch", "test/system.test.ts", "performance.now();", "performance.now reads the time"],
  ["a timer", "src/kube/a.ts", "setTimeout(stop, 1);", "setTimeout starts a timer"],
  ["a timeout signal", "src/kube/a.ts", "AbortSignal.timeout(5);", "AbortSignal.timeout starts a timer"],
  ["chance", "src/kube/a.ts", "Math.random();", "Math.random draws at random"],
  ["the environment", "src/kube/a.ts", "const { HOME } = process.env;", "process.env reads the environment"],
  ["the environment in a template", "src/kube/a.ts", "const a = `${process.env.HOME}`;", "process.env reads"],
  ["a default export", "bench/a.ts", "export default 1;", "export default has a default export"],
  [
    "an enum",
    "src/kube/a.ts",
    "/** A. */\nexport const enum A { b }",
    "src/kube/a.ts:2: export const enum A",
  ],
  ["unfinished work", "src/kube/a.ts", "// TODO: more", "TODO marks unfinished work"],
  ["a skipped test", "src/kube/a.test.ts", "test.skip('a', () => {});", "test.skip skips"],
  ["a mock", "src/kube/a.test.ts", "vi.mock('./b.ts');", "vi.mock skips, singles out or mocks"],
  [
    "a function without contract",
    "src/kube/a.ts",
    "export async function a() {}",
    "a is exported without its contract",
  ],
  [
    "a comment that is no contract",
    "src/kube/a.ts",
    "// A.\nexport const a = 1;",
    "a is exported without its contract",
  ],
  [
    "a type without contract",
    "src/kube/a.ts",
    "export interface A {\n  b: 1;\n}\n/** C. */",
    "A is exported without",
  ],
];

test.each(planted)("the check catches %s", (_name, path, text, expected) => {
  const found = formatViolations(checkStyle([{ path, text }])).split("\n");
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(expected);
});

test("the check catches absolute paths and hosts, and no relative path", () => {
  const text = `see /machine/checkout/a.ts\n../machine/checkout/a.ts\nfrom https://packages.invalid/a`;
  const found = checkPlaces([{ path: "README.md", text }], ["/machine/checkout/", "packages.invalid"]);
  expect(found.map(({ line }) => line)).toEqual([1, 3]);
});

test.each([
  ["src/core/clock.ts", "/** A. */\nexport const a = () => Date.now();"],
  ["src/cli/commands/demo.ts", "const home = process.env;"],
  ["src/kube/cluster-config.ts", "const home = process.env;"],
  ["src/kube/a.ts", "/* setTimeout */ const a = 'Math.random', b = clock.setTimeout, c = new Date(1);"],
  ["src/kube/a.ts", "/** A. */\nexport function a(): void;\nexport function a(b?: 1): void {}"],
  ["src/kube/a.ts", "export interface A {\n  readonly a: 1;\n  /** B. */\n  readonly b: 1;\n}"],
  ["src/kube/a.ts", "/** One of each. */\nexport const a = 1;\nexport const b = 2;"],
  ["src/kube/a.ts", "export { a } from './b.ts';\nexport type { C } from './d.ts';"],
  ["src/provider/gen/service.ts", "export const a = 1;\n".repeat(500)],
  ["vitest.config.ts", "export default {};"],
  ["charts/keyweir/templates/_names.tpl", ""],
  [".oxlintrc.json", ""],
])("the check lets %s do: %j", (path, text) => {
  expect(formatViolations(checkStyle([{ path, text }]))).toBe("");
});
