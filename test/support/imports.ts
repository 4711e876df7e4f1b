import { blankNonCode, lineAt, type SourceFile } from "./source-text.ts";

/** One module that a file names in an import, an export-from or a dynamic import. */
export interface Import {
  /** As written: `../core/clock.ts`, `node:fs`, `yaml`. */
  readonly specifier: string;
  /** Erased before the program runs: `import type` and `export type`, not `import { type A }`. */
  readonly isTypeOnly: boolean;
  readonly line: number;
}

/** What stands behind `import` or `export` up to the quote: names, braces, commas, `*`, but no other statement. */
const staticImport = /(?<![.\w$#])(?:import|export)(?<clause>\s+[\w\s$*,{}]*?\bfrom|)\s*(?<quote>["'])/g;
const dynamicImport = /(?<![.\w$#])(?:import|require)\s*\(\s*(?<quote>["'])/g;

/** The imports of a TypeScript file, in order. An `import(name)` whose name is computed cannot be seen. */
export function findImports(file: SourceFile): readonly Import[] {
  const code = blankNonCode(file.text);
  const imports: Import[] = [];
  for (const pattern of [staticImport, dynamicImport]) {
    for (const match of code.matchAll(pattern)) {
      const start = match.index + match[0].length;
      const end = code.indexOf(match.groups!["quote"]!, start);
      imports.push({
        specifier: file.text.slice(start, end),
        isTypeOnly: /^\s+type\b(?!\s*(?:,|from\b))/.test(match.groups!["clause"] ?? ""),
        line: lineAt(file.text, start),
      });
    }
  }
  return imports.toSorted((left, right) => left.line - right.line);
}

/** The path that a relative specifier means, seen from the file `importer`: both from the root of the checkout. */
export function resolveRelative(importer: string, specifier: string): string {
  const segments = importer.split("/").slice(0, -1);
  for (const segment of specifier.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== ".") segments.push(segment);
  }
  return segments.join("/");
}
