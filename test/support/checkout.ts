import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { SourceFile } from "./source-text.ts";

/** The root folder of the checkout, without a slash at its end. */
export const checkoutRoot = fileURLToPath(new URL("../..", import.meta.url)).replace(/[\\/]$/, "");

/** Every file that git tracks or would add, without binary ones; sorted by path. Needs git and a work tree. */
export function readCheckout(): readonly SourceFile[] {
  const listed = execFileSync(
    "git",
    ["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    {
      cwd: checkoutRoot,
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  const files: SourceFile[] = [];
  for (const path of listed.split("\0").filter(Boolean).sort()) {
    // A file that was deleted but not yet staged is still listed.
    if (!statSync(`${checkoutRoot}/${path}`, { throwIfNoEntry: false })?.isFile()) continue;
    const bytes = readFileSync(`${checkoutRoot}/${path}`);
    if (!bytes.includes(0)) files.push({ path, text: bytes.toString("utf8") });
  }
  return files;
}
