import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { keyweirCache } from "./keyweir-cache.ts";

const run = promisify(execFile);

/** The folder that holds the `node` of this exact version: from the cache, or installed there by npm now. */
export async function nodeFolder(version: string): Promise<string> {
  const home = join(keyweirCache(), `node-${version}-${process.platform}-${process.arch}`);
  const folder = join(home, "node_modules", "node", "bin");
  if (existsSync(folder)) return folder;
  await mkdir(keyweirCache(), { recursive: true });
  const draft = await mkdtemp(`${home}-`);
  const flags = ["--no-audit", "--no-fund", "--silent", "--prefer-offline"];
  await run("npm", ["install", ...flags, "--prefix", draft, `node@${version}`], { timeout: 300_000 });
  // Whoever is first wins; another run may have been as fast.
  await rename(draft, home).catch(() => rm(draft, { recursive: true, force: true }));
  return folder;
}
