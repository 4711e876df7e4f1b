import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { keyweirCache } from "./keyweir-cache.ts";

const run = promisify(execFile);
const folder = fileURLToPath(new URL("python", import.meta.url));

/**
 * Runs a script of test/support/python with the packages of its requirements.txt and gives its standard output. The
 * packages live in a virtual environment in the user's cache folder, made on first use, one per requirements file.
 */
export async function runPython(
  script: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const python = await pythonWithPackages();
  const { stdout } = await run(python, [join(folder, script), ...args], {
    env: {
      PATH: process.env["PATH"],
      PYTHONPATH: join(folder, "resolve"),
      PYTHONDONTWRITEBYTECODE: "1",
      ...environment,
    },
    timeout: 100_000,
  });
  return stdout;
}

async function pythonWithPackages(): Promise<string> {
  const requirements = join(folder, "requirements.txt");
  const hash = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 12);
  const home = join(keyweirCache(), `python-${hash}`);
  const python = join(home, "bin", "python");
  const mark = join(home, "complete");
  if (existsSync(mark)) return python;
  rmSync(home, { recursive: true, force: true });
  await run("python3", ["-m", "venv", home]);
  await run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements]);
  await run(python, ["-c", `open(${JSON.stringify(`${mark}.new`)}, "w").close()`]);
  renameSync(`${mark}.new`, mark);
  return python;
}
