/**
 * The `objects` parameter: YAML whose key `array` lists objects, each a YAML mapping inside a text (or, more kindly
 * than upstream, a mapping itself). All scalars are read as text, as the Go provider does.
 */
import { isMap, isScalar, isSeq, type Scalar, type YAMLMap } from "yaml";
import { parseObjectSpec, type InvalidObject, type ObjectSpec } from "./object-spec.ts";
import { parseYaml, type YamlDocument } from "./objects-yaml.ts";

/** One entry of the array, in its order. */
export type ObjectEntry =
  | { readonly kind: "valid"; readonly spec: ObjectSpec }
  | { readonly kind: "invalid"; readonly object: InvalidObject };

export type ParsedObjects =
  | { readonly kind: "valid"; readonly entries: readonly ObjectEntry[] }
  | { readonly kind: "invalid"; readonly problems: readonly string[] };

/** Longer than any SecretProviderClass can usefully be; keeps hostile YAML cheap. */
const objectsLimitBytes = 256 * 1024;

const entriesLimit = 2_000;

/** Reads the parameter. Problems say line and column inside `objects` and quote nothing of it. */
export function parseObjects(text: string): ParsedObjects {
  if (Buffer.byteLength(text) > objectsLimitBytes) {
    return invalid(
      `objects is longer than ${objectsLimitBytes} bytes: spread its objects over several classes`,
    );
  }
  const outer = parseYaml(text, (line, column) => `objects, line ${line}, column ${column}`);
  if (outer.kind === "invalid") {
    return {
      kind: "invalid",
      problems: outer.problems.map((problem) => `failed to yaml unmarshal ${problem}`),
    };
  }
  const root = outer.document.contents;
  if (!isMap(root)) {
    return invalid(
      "failed to yaml unmarshal objects: it must be a mapping with the key `array`, a list of objects",
    );
  }
  const list: unknown = root.get("array", true);
  if (list === undefined) return invalid("objects has no key `array`: put the list of objects under it");
  if (isScalar(list) && isNullText(list)) return { kind: "valid", entries: [] };
  if (!isSeq(list))
    return invalid("objects: `array` must be a list, each item a YAML text (`- |`) with one object");
  if (list.items.length > entriesLimit) {
    return invalid(`objects has ${list.items.length} objects, at most ${entriesLimit} are allowed`);
  }
  return { kind: "valid", entries: list.items.map((item, index) => parseEntry(item, index, outer)) };
}

function invalid(problem: string): ParsedObjects {
  return { kind: "invalid", problems: [problem] };
}

function parseEntry(item: unknown, index: number, outer: YamlDocument): ObjectEntry {
  const place = `unmarshal failed for keyVaultObjects at index ${index}`;
  if (isMap(item)) return parseFields(item);
  if (!isScalar(item) || typeof item.value !== "string") {
    return unreadable([`${place}: it must be a YAML text (\`- |\`) with one object`]);
  }
  const scalar = item as Scalar<string>;
  const locate = (line: number, column: number) => locateInner(scalar, line, column, outer);
  const inner = parseYaml(scalar.value, locate);
  if (inner.kind === "invalid") return unreadable(inner.problems.map((problem) => `${place}, ${problem}`));
  const contents = inner.document.contents;
  if (isMap(contents)) return parseFields(contents);
  if (contents === null || (isScalar(contents) && isNullText(contents))) return parseObjectSpec(new Map());
  return unreadable([`${place}, ${locate(1, 1)}: it must be a mapping with objectName and objectType`]);
}

function unreadable(problems: readonly string[]): ObjectEntry {
  return { kind: "invalid", object: { type: "", name: "", version: "", path: "", problems } };
}

function parseFields(map: YAMLMap): ObjectEntry {
  const fields = new Map<string, string | undefined>();
  for (const { key, value } of map.items) {
    if (!isScalar(key) || typeof key.value !== "string") continue;
    if (value === null || (isScalar(value) && isNullText(value))) continue;
    fields.set(key.value, isScalar(value) && typeof value.value === "string" ? value.value : undefined);
  }
  return parseObjectSpec(fields);
}

const nullTexts: ReadonlySet<unknown> = new Set(["", "~", "null", "Null", "NULL"]);

function isNullText(scalar: Scalar): boolean {
  return scalar.type === "PLAIN" && nullTexts.has(scalar.value);
}

/** Where a place in `item` is in `objects` itself: exact for block texts, the start of the text for others. */
function locateInner(item: Scalar<string>, line: number, column: number, outer: YamlDocument): string {
  const start = outer.lines.linePos(item.range?.[0] ?? 0);
  if (item.type !== "BLOCK_LITERAL") return `objects, line ${start.line}, column ${start.col}`;
  const outerLine = start.line + line;
  return `objects, line ${outerLine}, column ${column + indentOf(item, outer, start.line)}`;
}

/** How far a block text is indented: as far as its first line that is not empty, less what that line keeps of it. */
function indentOf(item: Scalar<string>, outer: YamlDocument, headerLine: number): number {
  const skipped = /^\n*/.exec(item.value)?.[0].length ?? 0;
  const lineStart = outer.lines.lineStarts[headerLine + skipped] ?? 0;
  const spaces = (text: string, from: number) => {
    let end = from;
    while (text[end] === " ") end++;
    return end - from;
  };
  return Math.max(0, spaces(outer.text, lineStart) - spaces(item.value, skipped));
}
