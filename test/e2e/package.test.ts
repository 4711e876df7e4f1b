import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkoutRoot } from "../support/checkout.ts";
import { nodeFolder } from "../support/node-binary.ts";

/** What npm packs, as a user gets it: installed into an empty folder, on the oldest and the newer Nodes. */

const run = promisify(execFile);
const nodeVersions = ["22.19.0", "24.21.0", "26.10.0"];
const manifest = JSON.parse(readFileSync(join(checkoutRoot, "package.json"), "utf8")) as {
  version: string;
  exports: Record<string, unknown>;
  devDependencies: Record<string, string>;
};
const { "@azure/identity": identityVersion } = manifest.devDependencies;
const entries = Object.keys(manifest.exports)
  .filter((name) => name !== "./package.json")
  .map((name) => name.replace(".", "keyweir"));

const folder = mkdtempSync(join(tmpdir(), "keyweir-package-"));
let packed: { filename: string; size: number; files: readonly { path: string; mode: number }[] };

/** The machine's PATH without the folders that npm scripts add: a user's shell. */
const userPath = (process.env["PATH"] ?? "")
  .split(delimiter)
  .filter((entry) => !entry.includes("node_modules"))
  .join(delimiter);

const environmentOf = (nodePath: string) => ({
  PATH: `${nodePath}${delimiter}${userPath}`,
  HOME: process.env["HOME"],
  NO_COLOR: "1",
  // What npx says about the user's own npm settings is not ours.
  npm_config_loglevel: "error",
});

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function runIn(nodePath: string, command: string, ...args: string[]): Promise<Outcome> {
  try {
    const options = { cwd: folder, env: environmentOf(nodePath), timeout: 60_000 };
    return { code: 0, ...(await run(command, args, options)) };
  } catch (error) {
    const { code, stdout = "", stderr = "" } = error as { code?: unknown; stdout?: string; stderr?: string };
    return { code: typeof code === "number" ? code : -1, stdout, stderr: stderr || String(error) };
  }
}

beforeAll(async () => {
  const options = { cwd: checkoutRoot, maxBuffer: 16 * 1024 * 1024 };
  const { stdout } = await run(
    "npm",
    ["pack", "--json", "--loglevel=error", "--pack-destination", folder],
    options,
  );
  // npm prints a list, newer ones an object by name; what the build prints may stand before it.
  const report = JSON.parse(stdout.slice(stdout.search(/^[[{]/m))) as Record<string, typeof packed>;
  packed = Object.values(report)[0]!;
  const flags = ["--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline"];
  const nodePath = await nodeFolder(nodeVersions[1]!);
  // The README's example has a credential of the SDK, which its reader has already.
  const packages = [join(folder, packed.filename), `@azure/identity@${identityVersion}`];
  const installed = await runIn(nodePath, "npm", "install", ...flags, ...packages);
  expect(installed).toMatchObject({ code: 0, stderr: "" });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the package holds what is built and documented, and no test, source or bench", () => {
  const paths = packed.files.map(({ path }) => path);
  expect(paths).toEqual(
    expect.arrayContaining(["LICENSE", "README.md", "CHANGELOG.md", "bin/keyweir", "dist/cli/main.js"]),
  );
  expect(
    paths.filter((path) => /\.(test|laws)\.|\/testing\/|^(src|test|bench|scripts)\//.test(path)),
  ).toEqual([]);
  expect(paths.filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"))).toEqual([]);
  expect(packed.size).toBeLessThan(2_000_000);
});

describe.each(nodeVersions)("on Node %s", (version) => {
  let nodePath: string;
  beforeAll(async () => {
    nodePath = await nodeFolder(version);
    expect((await runIn(nodePath, "node", "--version")).stdout.trim()).toBe(`v${version}`);
  });

  test("npx keyweir --help explains itself", async () => {
    const { code, stdout, stderr } = await runIn(nodePath, "npx", "keyweir", "--help");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const command of ["demo", "emulator", "sandbox", "provider", "controller", "plan"]) {
      expect(stdout).toContain(command);
    }
  });

  test("npx keyweir --version is the package's", async () => {
    const { code, stdout } = await runIn(nodePath, "npx", "keyweir", "--version");
    expect({ code, stdout: stdout.trim() }).toEqual({ code: 0, stdout: manifest.version });
  });

  test("npx keyweir plan answers the guide's own example", async () => {
    const flags = ["--clusters", "700", "--secrets", "30", "--risk", "0.0001", "--json"];
    const { code, stdout, stderr } = await runIn(nodePath, "npx", "keyweir", "plan", "jitter", ...flags);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({
      exact: { jitterSeconds: 75 },
      guide: { jitterSecondsRounded: 190 },
    });
  });

  test("npx keyweir refuses wrong usage with exit code 2", async () => {
    const { code, stdout, stderr } = await runIn(
      nodePath,
      "npx",
      "keyweir",
      "plan",
      "jitter",
      "--clusters",
      "0",
    );
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("--clusters");
  });

  test("npx keyweir emulator serves a vault over TLS and ends on SIGTERM", async () => {
    const { status, code } = await useEmulator(nodePath);
    expect({ status, code }).toEqual({ status: 401, code: 0 });
  });

  test("npx keyweir provider keeps its process small and ends on SIGTERM", async () => {
    const socket = join(folder, `provider-${version}.sock`);
    const { child, line, exit } = await startInstalled(
      nodePath,
      "provider",
      "--socket",
      socket,
      "--log-level=error",
    );
    try {
      expect(JSON.parse(line)).toMatchObject({ socket });
      // The process that was started has the options itself: nobody stands between it and its signals.
      const commandLine = readFileSync(`/proc/${child.pid}/cmdline`, "utf8").split("\0");
      expect(commandLine.slice(1, 5)).toEqual([
        "--max-semi-space-size=4",
        "--heap-growing-percent=40",
        "--no-allocation-site-pretenuring",
        "--v8-pool-size=1",
      ]);
      child.kill("SIGTERM");
      expect(await exit).toBe(0);
    } finally {
      child.kill("SIGKILL");
    }
  });

  test.each(entries)("import of %s gives its exports", async (entry) => {
    const source = `const names = Object.keys(await import(${JSON.stringify(entry)})).sort(); console.log(names.join(" "));`;
    const { code, stdout, stderr } = await runIn(nodePath, "node", "--input-type=module", "--eval", source);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const index = await import(`${checkoutRoot}/src/${entry.slice("keyweir/".length)}/index.ts`);
    expect(stdout.trim().split(" ")).toEqual(Object.keys(index as object).toSorted());
  });
});

test.each([
  ["as strict as can be", { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true }],
  ["plainly strict", { exactOptionalPropertyTypes: false }],
])("the declarations serve a consumer who compiles %s, libraries checked", async (_name, options) => {
  writeFileSync(
    join(folder, "consumer.ts"),
    `import { createEmulator, type EmulatorOptions } from "keyweir/emulator";
import { planJitter, type JitterPlan } from "keyweir/planner";
import { createSandbox, type SandboxOptions } from "keyweir/sandbox";
import { createVaultClient, VaultError, type VaultClientOptions } from "keyweir/vault";

const emulatorOptions: EmulatorOptions = { vaults: ["demo"], count429: true };
export const emulator = createEmulator(emulatorOptions);
const sandboxOptions: SandboxOptions = { anonymous: false };
export const sandbox = createSandbox(sandboxOptions);
export const plan: JitterPlan = planJitter({ clusters: 700, secretsPerCluster: 30 });
export const client = (options: VaultClientOptions) => createVaultClient(options);
export const isLate = (error: unknown) => error instanceof VaultError && error.retryAfterMs !== undefined;
// @ts-expect-error: a wrong option is refused, so the types are really there.
createEmulator({ vaults: 1 });
`,
  );
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        target: "es2024",
        module: "nodenext",
        strict: true,
        skipLibCheck: false,
        noEmit: true,
        types: ["node"],
        typeRoots: [join(checkoutRoot, "node_modules/@types")],
        ...options,
      },
      files: ["consumer.ts"],
    }),
  );
  const compiler = join(checkoutRoot, "node_modules/.bin/tsc");
  const { stdout, code } = await runIn(join(checkoutRoot, "node_modules/node/bin"), compiler, "-p", folder);
  expect({ stdout, code }).toEqual({ stdout: "", code: 0 });
});

const examples = [
  ...readFileSync(join(checkoutRoot, "README.md"), "utf8").matchAll(/^```ts\n(.*?)^```/gms),
].map(([, code = ""]) => ({
  code,
  printed: /\/\/ prints: (.*)/.exec(code)?.[1] ?? "nothing is said to be printed",
}));

test.each(examples)("the README's example that prints $printed does so", async ({ code, printed }) => {
  writeFileSync(join(folder, "example.mts"), code);
  const outcome = await runIn(await nodeFolder(nodeVersions[1]!), "node", "example.mts");
  expect(outcome).toEqual({ code: 0, stdout: `${printed}\n`, stderr: "" });
});

/** Starts the installed emulator, asks it for a secret without a token, ends it. */
async function useEmulator(nodePath: string): Promise<{ status: number | undefined; code: number | null }> {
  const { child, line, exit } = await startInstalled(nodePath, "emulator");
  try {
    const ready = JSON.parse(line) as { vaults: Record<string, string>; caFile: string };
    const url = new URL("/secrets/db?api-version=7.6", Object.values(ready.vaults)[0]);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const options = {
        ca: readFileSync(ready.caFile),
        headers: { host: url.host },
        servername: url.hostname,
      };
      request(
        { ...options, host: "127.0.0.1", port: url.port, path: url.pathname + url.search },
        (response) => {
          response.resume().on("end", () => resolve(response.statusCode));
        },
      )
        .on("error", reject)
        .end();
    });
    child.kill("SIGTERM");
    return { status, code: await exit };
  } finally {
    child.kill("SIGKILL");
  }
}

/** Starts a command that runs until a signal, and waits for the line that says that it is ready. */
async function startInstalled(nodePath: string, ...args: string[]) {
  const child = spawn(join(folder, "node_modules/.bin/keyweir"), [...args, "--output", "json"], {
    cwd: folder,
    env: environmentOf(nodePath),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exit = new Promise<number | null>((resolve) => child.on("exit", resolve));
  const ended = exit.then((code) => {
    throw new Error(`keyweir ${args[0]} ended with ${code} before it was ready`);
  });
  const [line] = (await Promise.race([once(createInterface(child.stdout), "line"), ended])) as [string];
  return { child, line, exit };
}
