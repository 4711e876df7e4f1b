import { createRequire } from "node:module";

type Forge = typeof import("node-forge");

let loaded: Forge | undefined;

/** The library for ASN.1 and RC2, loaded with the first certificate: most providers never meet one, and it takes 10 MiB. */
export function forge(): Forge {
  return (loaded ??= createRequire(import.meta.url)("node-forge") as Forge);
}
