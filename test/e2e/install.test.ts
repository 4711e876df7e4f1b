import { spawn, type ChildProcess } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkoutRoot } from "../support/checkout.ts";

/** scripts/install.mjs in a small checkout of its own, with an npm that only does what install.mjs relies on. */

let root: string;

/** Keeps a log of what it is asked; FAKE_NPM says how it goes wrong. */
const fakeNpm = `#!/bin/sh
echo "$1" >> npm.log
case "$1 $FAKE_NPM" in
  "ping offline") echo "npm error network request to https://packages.invalid/-/ping failed, reason: getaddrinfo ENOTFOUND packages.invalid" >&2; exit 1 ;;
  "ping "*) exit 0 ;;
  "install offline") echo "npm error code ENOTCACHED" >&2; exit 1 ;;
  "install broken") echo "npm error code EINTEGRITY" >&2; exit 1 ;;
  "install endless") mkdir -p node_modules/half; echo $$ > npm.pid; exec sleep 60 ;;
  "install slow") sleep 1 ;;
esac
mkdir -p node_modules/whole
[ "$FAKE_NPM" = scriptless ] || { mkdir -p node_modules/node/bin; touch node_modules/node/bin/node; }
`;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "keyweir-install-"));
  mkdirSync(join(root, "scripts"));
  mkdirSync(join(root, "bin"));
  cpSync(join(checkoutRoot, "scripts/install.mjs"), join(root, "scripts/install.mjs"));
  writeFileSync(join(root, "package-lock.json"), "{}");
  writeFileSync(join(root, "bin/npm"), fakeNpm);
  chmodSync(join(root, "bin/npm"), 0o755);
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(mode = ""): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, [join(root, "scripts/install.mjs")], {
    cwd: tmpdir(),
    env: { PATH: `${join(root, "bin")}${delimiter}${process.env["PATH"]}`, FAKE_NPM: mode },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve) =>
    child.on("close", (code) => resolve({ code, stdout, stderr })),
  );
  return { child, ended };
}

const install = (mode?: string) => start(mode).ended;

const npmCalls = () => {
  const path = join(root, "npm.log");
  return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
};

const isThere = (path: string) => existsSync(join(root, path));

async function waitFor(path: string): Promise<void> {
  for (let tries = 0; !isThere(path); tries++) {
    expect(tries, `${path} does not appear`).toBeLessThan(500);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("a fresh clone is installed once, and then nothing is asked of npm", async () => {
  const first = await install();
  expect(first).toMatchObject({ code: 0, stdout: "" });
  expect(first.stderr).toMatch(/^Installing dependencies .*\nInstalled in \d+ s\.\n$/);
  expect(await install()).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(npmCalls()).toEqual(["ping", "install"]);
});

test("a changed lock file is installed, over what is there", async () => {
  await install();
  mkdirSync(join(root, "node_modules/of-another-command"));
  writeFileSync(join(root, "package-lock.json"), "{ }");
  await install();
  expect(npmCalls()).toEqual(["ping", "install", "ping", "install"]);
  expect(isThere("node_modules/of-another-command")).toBe(true);
});

test("two commands at once install once", async () => {
  const outcomes = await Promise.all([install("slow"), install("slow"), install("slow")]);
  expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(npmCalls()).toEqual(["ping", "install"]);
  expect(outcomes.filter(({ stderr }) => stderr.includes("waiting for it"))).toHaveLength(2);
});

test("what an interrupted install left behind is cleared before the next one", async () => {
  const interrupted = start("endless");
  await waitFor("npm.pid");
  interrupted.child.kill("SIGTERM");
  expect((await interrupted.ended).code).toBe(1);
  expect(isThere("node_modules/half")).toBe(true);
  expect((await install()).code).toBe(0);
  expect(isThere("node_modules/half")).toBe(false);
  expect(isThere("node_modules/whole")).toBe(true);
});

test("npm that goes on alone after its parent was killed is waited for", async () => {
  const killed = start("endless");
  await waitFor("npm.pid");
  killed.child.kill("SIGKILL");
  const next = start();
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(npmCalls()).toEqual(["ping", "install"]);
  process.kill(Number(readFileSync(join(root, "npm.pid"), "utf8")), "SIGKILL");
  expect((await next.ended).code).toBe(0);
  expect(isThere("node_modules/half")).toBe(false);
  expect(npmCalls()).toEqual(["ping", "install", "ping", "install"]);
});

test.each([
  ["offline", /request to https:\/\/packages\.invalid.*\n.*npm cannot reach its registry/],
  ["broken", /EINTEGRITY\n.*npm failed, and the lines above say why/],
  ["scriptless", /npm did not run the install script of the package `node`/],
])("an install that is %s says so, and the next one starts again", async (mode, message) => {
  const { code, stderr } = await install(mode);
  expect(code).toBe(1);
  expect(stderr).toMatch(message);
  expect(await install()).toMatchObject({ code: 0 });
});
