// Installs the dependencies of a checkout when they are missing or package-lock.json has changed; otherwise
// returns at once. Plain JavaScript without imports of ours: it runs first, on whatever Node the host has.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const stampPath = `${root}/node_modules/.keyweir-lock-hash`;
const lockHash = createHash("sha256")
  .update(readFileSync(`${root}/package-lock.json`))
  .digest("hex");

if (!existsSync(stampPath) || readFileSync(stampPath, "utf8") !== lockHash) {
  process.stderr.write("Installing dependencies (once, about half a minute) ...\n");
  const result = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    // npm prints its summary on stdout, which belongs to the command that follows.
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
  if (result.status !== 0) {
    process.stderr.write("npm ci failed; the lines above say why. Try: npm ci\n");
    process.exit(1);
  }
  writeFileSync(stampPath, lockHash);
}
