import { homedir } from "node:os";
import { join } from "node:path";

/** The folder outside the checkout for what tests download or build once. Each entry's name tells what it was made of. */
export function keyweirCache(): string {
  const { KEYWEIR_CACHE, XDG_CACHE_HOME } = process.env;
  return KEYWEIR_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "keyweir");
}
