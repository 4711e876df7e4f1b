import { isMap, isScalar, LineCounter, parseDocument, type Document } from "yaml";

/** Parsed YAML with its positions. All scalars are text (failsafe schema). */
export interface YamlDocument {
  readonly kind: "valid";
  readonly text: string;
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

/** Problems with their place, quoting nothing of the input. */
export interface YamlProblems {
  readonly kind: "invalid";
  readonly problems: readonly string[];
}

/** Puts a line and column, both from 1, into words. */
export type Locate = (line: number, column: number) => string;

const shownProblems = 5;

/** Parses one document in time linear in its length; at most 5 problems are told. */
export function parseYaml(text: string, locate: Locate): YamlDocument | YamlProblems {
  const lines = new LineCounter();
  let document: Document.Parsed;
  try {
    document = parseDocument(text, {
      schema: "failsafe",
      lineCounter: lines,
      prettyErrors: false,
      logLevel: "silent",
      // The library's own check takes quadratic time.
      uniqueKeys: false,
    });
  } catch {
    return { kind: "invalid", problems: [`${locate(1, 1)}: it is nested too deeply`] };
  }
  const found: { readonly offset: number; readonly code: string }[] = document.errors.map((error) => ({
    offset: error.pos[0],
    code: error.code,
  }));
  if (found.length === 0) found.push(...repeatedKeys(document.contents));
  if (found.length === 0) return { kind: "valid", text, document, lines };
  const problems = found.slice(0, shownProblems).map(({ offset, code }) => {
    const { line, col } = lines.linePos(offset);
    return `${locate(line, col)}: ${problemTexts[code] ?? "this is not valid YAML"}`;
  });
  return { kind: "invalid", problems };
}

/** Keys of the outermost mapping that were there before; inner mappings are of no interest. */
function repeatedKeys(contents: unknown): { readonly offset: number; readonly code: string }[] {
  if (!isMap(contents)) return [];
  const seen = new Set<unknown>();
  return contents.items.flatMap(({ key }) => {
    if (!isScalar(key)) return [];
    if (seen.has(key.value)) return [{ offset: key.range?.[0] ?? 0, code: "DUPLICATE_KEY" }];
    seen.add(key.value);
    return [];
  });
}

/** The parser's own texts quote the input, so its codes are put into words here. */
const problemTexts: Readonly<Record<string, string>> = {
  ALIAS_PROPS: "an alias cannot have an anchor or a tag",
  BAD_ALIAS: "this alias has no anchor",
  BAD_COLLECTION_TYPE: "this tag does not fit the collection",
  BAD_DIRECTIVE: "this directive is not known",
  BAD_DQ_ESCAPE: "this escape sequence is not valid in double quotes",
  BAD_INDENT: "the indentation does not fit",
  BAD_PROP_ORDER: "anchors and tags come after the indicators",
  BAD_SCALAR_START: "plain text cannot start with this character: put it in quotes",
  BLOCK_AS_IMPLICIT_KEY: "a mapping or list cannot start here: is the `|` or the indentation missing?",
  BLOCK_IN_FLOW: "block text is not possible inside brackets",
  DUPLICATE_KEY: "this key is there twice",
  KEY_OVER_1024_CHARS: "this key is too long",
  MISSING_CHAR: "a character is missing here: a colon, quote, comma or bracket",
  MULTILINE_IMPLICIT_KEY: "a key must be on one line: is a colon missing?",
  MULTIPLE_ANCHORS: "a node can have one anchor",
  MULTIPLE_DOCS: "there is more than one document: remove `---`",
  MULTIPLE_TAGS: "a node can have one tag",
  NON_STRING_KEY: "keys must be text",
  RESOURCE_EXHAUSTION: "it is nested too deeply",
  TAB_AS_INDENT: "tabs cannot indent: use spaces",
  TAG_RESOLVE_FAILED: "this tag is not known",
  UNEXPECTED_TOKEN: "this is not expected here",
};
