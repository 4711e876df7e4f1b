/**
 * Writes the tables in docs/provider.md. Run it with `node scripts/generate-docs/provider.ts` after a change of the
 * provider's parameters; test/provider-docs.test.ts fails until then.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { FieldReference } from "../../src/provider/field-reference.ts";
import { objectFieldReference } from "../../src/provider/object-spec.ts";
import { parameterReference } from "../../src/provider/parameters.ts";

const page = new URL("../../docs/provider.md", import.meta.url);

/** What docs/provider.md should hold. Reads the page for its hand-written parts. */
export function generateProviderDocs(): string {
  const byDriver = parameterReference.filter((row) => row.name.includes("/"));
  const parts: Readonly<Record<string, string>> = {
    parameters: table(parameterReference.filter((row) => !row.name.includes("/"))),
    driver: table(byDriver),
    objects: table(objectFieldReference),
  };
  return readFileSync(page, "utf8").replaceAll(
    /(<!-- generated: (\w+) -->\n)[^]*?(?=<!-- end -->)/g,
    (_all, mark: string, name: string) => `${mark}${parts[name] ?? ""}\n`,
  );
}

function table(rows: readonly FieldReference[]): string {
  const lines = rows.map(({ name, isRequired, description, values, fallback }) => {
    const allowed =
      values === undefined ? "" : ` One of ${values.map((value) => `\`${value}\``).join(", ")}.`;
    const absent = isRequired ? "**required**" : (fallback ?? "–");
    return `| \`${name}\` | ${absent} | ${description}${allowed} |`;
  });
  return ["| name | when absent | meaning |", "| -- | -- | -- |", ...lines].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(page, generateProviderDocs());
