/** A value in words that tell nothing of its content: "a text of 12 characters". */
export function describeShape(value: string): string {
  return `a text of ${value.length} ${value.length === 1 ? "character" : "characters"}`;
}

/** The JSON kind of a value: "an object", "a number". */
export function describeKind(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
