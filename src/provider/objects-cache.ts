import { parseObjects, type ParsedObjects } from "./objects.ts";

/** How much `objects` text is remembered in all: a few thousand classes. */
const textLimitLength = 8 * 1024 * 1024;

/** Parsed `objects` by their text, the least recently used forgotten first: the same class is mounted again and again. */
export class ObjectsCache {
  readonly #parsedByText = new Map<string, ParsedObjects>();
  #textLength = 0;

  parse(text: string): ParsedObjects {
    let parsed = this.#parsedByText.get(text);
    if (parsed === undefined) {
      parsed = parseObjects(text);
      this.#textLength += text.length;
    } else {
      this.#parsedByText.delete(text);
    }
    this.#parsedByText.set(text, parsed);
    for (const oldest of this.#parsedByText.keys()) {
      if (this.#textLength <= textLimitLength) break;
      this.#parsedByText.delete(oldest);
      this.#textLength -= oldest.length;
    }
    return parsed;
  }
}
