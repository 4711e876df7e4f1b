/**
 * The first line of a YAML or JSON text that nests deeper than `depth`: by brackets, by indentation, or by dashes in a
 * row. YAML parsers recurse, so texts of strangers are looked at before they are parsed.
 */
export function findDeepLine(text: string, depth: number): number | undefined {
  const dashesInARow = new RegExp(`^\\s*(?:[-?:]\\s+){${depth + 1}}`);
  let open = 0;
  const index = text.split("\n").findIndex((row) => {
    for (const character of row) {
      if (character === "[" || character === "{") open++;
      if ((character === "]" || character === "}") && open > 0) open--;
      if (open > depth) return true;
    }
    return row.search(/\S|$/) > 8 * depth || dashesInARow.test(row.slice(0, 16 * depth));
  });
  return index < 0 ? undefined : index + 1;
}
